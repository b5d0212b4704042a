// What an idle host and an idle cell cost: memory that no other process shares, beside the two ends
// of a bare Cap'n Proto connection.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/bench/measure.hpp"
#include "tests/bench/null_plugin.hpp"
#include "tests/bench/ping.hpp"

extern char** environ;

namespace bulkhead::bench {
namespace {

// The idle one: says its processes in one line, then waits for the end of its input.
int idle(const std::string& what) {
  std::string ignored;
  if (what == "ping") {
    PingPeer ping;
    ping.count("four");
    std::cout << ping.process() << std::endl;
    std::getline(std::cin, ignored);
    return 0;
  }
  Workplace workplace;
  Host host(workplace.options());
  Plugin plugin = host.load(kNullCodec, isolation(Isolation::cell));
  const CodecClient codec = plugin.codec();
  if (codec.count("four") != 4) return 1;
  std::cout << plugin.process();
  for (const pid_t pid : descendants()) {
    if (pid != plugin.process()) std::cout << ' ' << pid;
  }
  std::cout << std::endl;
  std::getline(std::cin, ignored);
  return 0;
}

// This program again, idle; ended when the object goes.
class IdleProcess {
 public:
  explicit IdleProcess(std::string what) {
    int input[2], output[2];
    if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "The benchmark got no pipe");
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    std::string program = "/proc/self/exe", option = "--idle";
    char* arguments[] = {program.data(), option.data(), what.data(), nullptr};
    const int failure = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    output_ = output[0];
    if (failure != 0) throw std::system_error(failure, std::generic_category(), "posix_spawn");
  }
  IdleProcess(const IdleProcess&) = delete;
  IdleProcess& operator=(const IdleProcess&) = delete;
  ~IdleProcess() {
    ::close(input_);
    ::close(output_);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  pid_t pid() const { return pid_; }

  // The processes that it named: first the other end, then the rest.
  std::vector<pid_t> others() {
    std::string line;
    for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) line += c;
    if (line.empty()) throw std::runtime_error("the idle process did not come up");
    std::vector<pid_t> pids;
    for (std::size_t at = 0; at < line.size(); ++at) {
      pids.push_back(std::stoi(line.substr(at)));
      at = line.find(' ', at);
      if (at == std::string::npos) break;
    }
    return pids;
  }

 private:
  pid_t pid_ = 0;
  int input_ = -1, output_ = -1;
};

int run(const Arguments& arguments) {
  IdleProcess host("host"), ping("ping");
  const std::vector<pid_t> parts = host.others();
  const pid_t server = ping.others().front();
  std::this_thread::sleep_for(std::chrono::milliseconds(arguments.quick ? 10 : 500));
  const auto kib = [](pid_t pid) { return static_cast<double>(private_kib(pid)); };
  std::vector<Row> rows = {
      {"memory", "idle host, private", kib(host.pid()), "KiB", "Cap'n Proto ping client",
       kib(ping.pid())},
      {"memory", "idle cell of the null codec, private", kib(parts.front()), "KiB",
       "Cap'n Proto ping server", kib(server)},
  };
  double rest = 0;
  for (std::size_t i = 1; i < parts.size(); ++i) rest += kib(parts[i]);
  rows.push_back({"memory", "launcher and helpers of the cell, private", rest, "KiB", "", 0});
  return report(arguments, "memory", "one cell, one instance, after one call", rows);
}

}  // namespace
}  // namespace bulkhead::bench

int main(int argc, char** argv) {
  bulkhead::bench::serve_ping_if_asked(argc, argv);
  try {
    if (argc == 3 && std::strcmp(argv[1], "--idle") == 0) return bulkhead::bench::idle(argv[2]);
    return bulkhead::bench::run(bulkhead::bench::parse_arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "memory: " << error.what() << '\n';
    return 1;
  }
}
