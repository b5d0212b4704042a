#include "tests/cli/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <string_view>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using wire::UniqueFd;

struct Pipe {
  UniqueFd read_end, write_end;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("A test got no pipe");
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Reads what is there; false at the end.
bool drain(const UniqueFd& from, std::string& to) {
  std::array<char, 65536> bytes;
  const ssize_t got = ::read(from.get(), bytes.data(), bytes.size());
  if (got > 0) to.append(bytes.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Ran& ran) {
  return stream << "exit " << ran.exit << "\n--- out\n"
                << ran.out.substr(0, 4000) << "\n--- err\n"
                << ran.err;
}

World::World() {
  for (const char* name : {"work", "run", "home", "config", "state"})
    fs::create_directories(folder_.path() / name);
  fs::permissions(folder_.path() / "run", fs::perms::owner_all);
  const std::string root = folder_.path().string();
  environment = {
      {"PATH", std::string(BULKHEAD_CLI_FOLDER) + ":/usr/bin:/bin"},
      {"HOME", root + "/home"},
      {"XDG_RUNTIME_DIR", root + "/run"},
      {"XDG_CONFIG_HOME", root + "/config"},
      {"XDG_STATE_HOME", root + "/state"},
      {"LC_ALL", "C.UTF-8"},
      {"BULKHEAD_PLUGIN_PATH", std::string(BULKHEAD_CLI_PLUGINS) + ":" + BULKHEAD_FAULTY_PACKAGES +
                                   ":" + BULKHEAD_BUILT_PLUGINS},
  };
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) environment[name] = value;
}

Ran World::run(const std::vector<std::string>& arguments, const How& how) const {
  std::vector<std::string> words = {std::string(BULKHEAD_CLI_FOLDER) + "/bulkhead"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return execute(words, how);
}

Ran World::shell(const std::string& script) const {
  return execute({"/bin/bash", "-c", script}, {});
}

std::vector<std::string> World::names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder()))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

bool World::has_gpt2() {
  const fs::path versions = fs::path(BULKHEAD_BUILT_PLUGINS) / "en_gpt2";
  if (!fs::is_directory(versions)) return false;
  for (const auto& version : fs::directory_iterator(versions))
    if (fs::exists(version.path() / "plugin.toml")) return true;
  return false;
}

Ran World::execute(const std::vector<std::string>& words, const How& how) const {
  std::vector<std::string> arguments = words, variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const std::vector<char*> argv = pointers(arguments), envp = pointers(variables);
  const std::string where = folder().string();
  Pipe in, out, err;

  const pid_t child = ::fork();
  if (child == 0) {
    // Only async-signal-safe calls from here on.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(in.read_end.get(), 0);
    const int to =
        how.output_to.empty() ? out.write_end.get() : ::open(how.output_to.c_str(), O_WRONLY);
    ::dup2(to, 1);
    ::dup2(err.write_end.get(), 2);
    ::close_range(3, ~0u, 0);
    if (how.close_input) ::close(0);
    if (how.close_output) ::close(1);
    if (::chdir(where.c_str()) == 0) ::execve(argv[0], argv.data(), envp.data());
    ::_exit(126);
  }
  if (child < 0) throw std::runtime_error("A test could not fork");
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();
  ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);

  Ran ran;
  std::string_view rest = how.input;
  bool signalled = how.signal == 0;
  while (out.read_end || err.read_end) {
    if (!signalled && how.signal_when(ran)) {
      signalled = true;
      ::kill(child, how.signal);
    }
    if (in.write_end && rest.empty()) in.write_end.reset();
    std::array<pollfd, 3> wait = {{{out.read_end.get(), POLLIN, 0},
                                   {err.read_end.get(), POLLIN, 0},
                                   {in.write_end.get(), POLLOUT, 0}}};
    ::poll(wait.data(), wait.size(), 50);
    if (wait[0].revents != 0 && !drain(out.read_end, ran.out)) out.read_end.reset();
    if (wait[1].revents != 0 && !drain(err.read_end, ran.err)) err.read_end.reset();
    if (wait[2].revents != 0) {
      const ssize_t sent = ::write(in.write_end.get(), rest.data(), rest.size());
      if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN) in.write_end.reset();
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

}  // namespace bulkhead::test
