#include "sandbox/launch/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>

#include <cerrno>

#include <bulkhead/abi/core.h>

#include "sandbox/launch/launcher.hpp"
#include "sandbox/launch/protocol.hpp"

namespace bulkhead::sandbox {
namespace {

namespace process = boost::process;

constexpr unsigned kCloseRangeCloexec = 4;  // CLOSE_RANGE_CLOEXEC

// Runs in the child between fork and exec, of a process with threads: only plain system calls.
void arrange_child(int control) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int place = 0; place < kControlDescriptor; ++place) {
    const bool keep = place == STDERR_FILENO && fcntl(place, F_GETFD) >= 0;
    if (!keep && null >= 0) dup2(null, place);
  }
  dup2(control, kControlDescriptor);
  syscall(SYS_close_range, kControlDescriptor + 1, ~0u, kCloseRangeCloexec);
}

// Nothing of the application's environment reaches the launcher: it may hold secrets. A build with
// sanitizers needs their options.
process::environment launcher_environment(const std::string& sanitizer) {
  process::environment environment;
  if (BH_BUILT_SANITIZERS != 0 || !sanitizer.empty()) {
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
      if (const char* value = getenv(name)) environment[name] = value;
    }
  }
  if (!sanitizer.empty()) {
    environment["LD_PRELOAD"] = sanitizer;
    // A leak is looked for at the end, by tracing the process; a cell can't do that.
    const std::string own = "detect_leaks=0:abort_on_error=1";
    environment["ASAN_OPTIONS"] = environment.count("ASAN_OPTIONS") == 0
                                      ? own
                                      : environment["ASAN_OPTIONS"].to_string() + ":" + own;
  }
  return environment;
}

[[noreturn]] void throw_start_error(const std::string& executable, int error) {
  throw LaunchError("The launcher " + executable + " can't be started (" + strerror(error) +
                    "). It is installed with Bulkhead in libexec/bulkhead; check that the "
                    "installation is complete and that the file may be executed.");
}

}  // namespace

LauncherProgram LauncherProgram::start(const std::string& executable, wire::UniqueFd control,
                                       const std::string& sanitizer) {
  if (access(executable.c_str(), X_OK) != 0) throw_start_error(executable, errno);
  // Out of the way of the places 0 to 3, also where the application has those closed.
  const wire::UniqueFd safe(fcntl(control.get(), F_DUPFD_CLOEXEC, kControlDescriptor + 1));
  if (!safe) throw_start_error(executable, errno);
  // Without error handling by Boost.Process: it reports a failed exec through a pipe that a fork of
  // another thread may inherit, and would then wait for that process. A launcher that did not come
  // up is noticed by its missing hello.
  errno = EAGAIN;
  // `exe`: a plain string would be a command line, cut at the spaces of the path.
  process::child child(
      process::exe = executable, launcher_environment(sanitizer), process::ignore_error,
      process::extend::on_exec_setup = [fd = safe.get()](auto&) { arrange_child(fd); });
  const pid_t pid = child.id();
  child.detach();  // its destructor would wait
  if (pid <= 0) throw_start_error(executable, errno);
  wire::UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const int reason = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    throw_start_error(executable, reason);
  }
  return LauncherProgram(pid, std::move(pidfd));
}

bool LauncherProgram::ended() const {
  pollfd end{pidfd_.get(), POLLIN, 0};
  return poll(&end, 1, 0) > 0;
}

void LauncherProgram::finish(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd end{pidfd_.get(), POLLIN, 0};
    const int count = left.count() <= 0 ? 0 : poll(&end, 1, static_cast<int>(left.count()));
    if (count > 0) break;
    if (count < 0 && errno == EINTR) continue;
    syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    break;
  }
  // ECHILD: the application ignores SIGCHLD, and the kernel has reaped it.
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace bulkhead::sandbox
