#include "self.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "interrupts.hpp"
#include "output.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::cli {
namespace {

using wire::UniqueFd;

constexpr std::size_t kMostOutput = std::size_t{64} << 20;
constexpr auto kTime = std::chrono::minutes(5);

[[noreturn]] void fail(const char* what, int error) {
  throw Error(Status::internal, std::string(what) + ": " + strerror(error));
}

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("no pipe could be made", errno);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
};

// A child that does not outlive this object.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, const std::string& temporary, int out, int err) {
    std::vector<char*> words;
    words.push_back(const_cast<char*>("bulkhead"));
    for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    std::string own = "TMPDIR=" + temporary;
    std::vector<char*> environment = {own.data()};
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (!std::string_view(*variable).starts_with("TMPDIR=")) environment.push_back(*variable);
    }
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    sigset_t none;  // this process has blocked what it waits for
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int error = posix_spawn(&process_, "/proc/self/exe", &actions, &attributes, words.data(),
                                  environment.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) fail("this program could not be started once more", error);
  }
  ~Child() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int wait() {
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return status;
  }

 private:
  pid_t process_ = 0;
};

// What arrives; false: the end.
bool take(const UniqueFd& from, std::string& into) {
  char buffer[65536];
  const ssize_t size = read(from.get(), buffer, sizeof buffer);
  if (size < 0 && errno == EINTR) return true;
  if (size <= 0) return false;
  if (into.size() < kMostOutput) into.append(buffer, static_cast<std::size_t>(size));
  return true;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t at = text.rfind('\n');
  text = printable(at == std::string::npos ? text : text.substr(at + 1));
  return text.starts_with("bulkhead: ") ? text.substr(10) : text;
}

}  // namespace

std::string run_self(const std::vector<std::string>& arguments, const std::string& temporary,
                     const Interrupts& interrupts) {
  Pipe out, err;
  Child child(arguments, temporary, out.write.get(), err.write.get());
  out.write.reset();
  err.write.reset();
  std::string answer, words;
  const auto end = std::chrono::steady_clock::now() + kTime;
  for (bool first = true, second = true; first || second;) {
    pollfd waits[] = {{first ? out.read.get() : -1, POLLIN, 0},
                      {second ? err.read.get() : -1, POLLIN, 0},
                      {interrupts.descriptor(), POLLIN, 0}};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      throw Error(Status::deadline_exceeded, "the plugin was not done in process after 5 minutes");
    if (poll(waits, 3, static_cast<int>(left.count())) < 0) continue;
    if (waits[2].revents != 0) throw Error(Status::cancelled, "interrupted");
    if (waits[0].revents != 0) first = take(out.read, answer);
    if (waits[1].revents != 0) second = take(err.read, words);
  }
  const int status = child.wait();
  if (WIFSIGNALED(status))
    throw Error(Status::plugin_crashed, "the plugin ended its process in process: signal " +
                                            std::to_string(WTERMSIG(status)) + " (" +
                                            strsignal(WTERMSIG(status)) + ")");
  if (WEXITSTATUS(status) != 0)
    throw Error(Status::internal, "in process it failed: " + last_line(words));
  return answer;
}

}  // namespace bulkhead::cli
