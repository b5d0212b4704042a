#include "sandbox/keep/command_jail.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "sandbox/keep/command_root.hpp"
#include "sandbox/launch/cell_start.hpp"
#include "sandbox/launch/hygiene.hpp"
#include "sandbox/launch/identity.hpp"
#include "sandbox/launch/init.hpp"
#include "sandbox/launch/landlock.hpp"
#include "sandbox/launch/limits.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {
namespace {

// Where the child has its descriptors: 0 is /dev/null, 1 and 2 the log.
constexpr int kReport = 3, kGate = 4, kProc = 5, kKeeper = 6, kResult = 7;
constexpr int kExitSetup = 125, kExitNotExecuted = 127;
constexpr int kStartTime = 20'000;  // milliseconds

void send_report(Stage stage, int error, std::uint32_t detail = 0) {
  Report report;
  report.stage = stage;
  report.error = error;
  report.finding_count = 1;
  report.findings[0].detail = detail;
  [[maybe_unused]] const ssize_t sent = send(kReport, &report, sizeof report, MSG_NOSIGNAL);
}

// What the kernel ends first when memory runs out.
void prefer_as_victim() {
  const wire::UniqueFd file(openat(kProc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file) [[maybe_unused]]
    const ssize_t written = write(file.get(), "800", 3);
}

void become_the_job(const KeepRequest& request, Route route, uid_t user, gid_t group) {
  prefer_as_victim();
  umask(022);  // of the new root, too
  if (route == Route::user) write_id_maps(kProc, user, group);
  step(Stage::mounts, sethostname("job", 3));
  if (route == Route::root) {
    // Mounted as root; from here on somebody else, because limits do not hold for root.
    enter_command_root(request.work_bytes, kNobody, kNobody);
    become_nobody();
    enter_user_namespace(kProc);
  } else {
    enter_command_root(request.work_bytes, static_cast<uid_t>(-1), static_cast<gid_t>(-1));
  }
  // The inner pid 1 counts, too.
  apply_command_limits(request.processes + 1, request.descriptors);
  drop_privileges();
  // Credentials change no more: that would undo it.
  die_with_parent(kKeeper);
}

void set_environment(const KeepRequest& request) {
  clearenv();
  setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin", 1);
  setenv("HOME", kWorkFolder, 1);
  setenv("TMPDIR", kWorkFolder, 1);
  setenv("LANG", "C.UTF-8", 1);
  for (const auto& [name, value] : request.environment) setenv(name.c_str(), value.c_str(), 1);
}

void wait_at_gate() {
  char go = 0;
  ssize_t got = 0;
  while ((got = read(kGate, &go, 1)) < 0 && errno == EINTR) {
  }
  if (got != 1) _exit(kExitSetup);  // the keeper is gone
}

[[noreturn]] void run_program(const KeepRequest& request, const Filter& filter) {
  step(Stage::parent, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  reset_signals();  // the keeper ignores some
  step(Stage::descriptors, setsid());
  step(Stage::descriptors, syscall(SYS_close_range, kGate + 1, ~0u, 0));
  step(Stage::mounts, chdir(kWorkFolder));
  set_environment(request);
  const Finding landlock = apply_landlock(
      {"/"}, {"/"},
      {kWorkFolder, "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"});
  std::vector<char*> arguments;
  for (const std::string& argument : request.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  send_report(Stage::none, 0, landlock.detail);
  wait_at_gate();
  step(Stage::descriptors, close(kGate));
  step(Stage::descriptors, fcntl(kReport, F_SETFD, FD_CLOEXEC));
  if (request.memory_bytes != 0) limit_address_space(request.memory_bytes);
  if (const int error = filter.install(false)) throw StepError{Stage::filter, error};
  execvp(arguments[0], arguments.data());
  send_report(Stage::entry, errno);
  _exit(kExitNotExecuted);
}

[[noreturn]] void run_child(const KeepRequest& request, const Filter& command, const Filter& init,
                            Route route, uid_t user, gid_t group) {
  try {
    become_the_job(request, route, user, group);
    if (const pid_t child = step(Stage::process, fork())) run_init(init, kResult, child);
    run_program(request, command);
  } catch (const StepError& failed) {
    send_report(failed.stage, failed.error);
  } catch (const std::exception&) {
    send_report(Stage::died, ENOMEM);
  }
  _exit(kExitSetup);
}

void open_pipe(wire::UniqueFd& read_end, wire::UniqueFd& write_end, int flags) {
  int ends[2];
  step(Stage::descriptors, pipe2(ends, O_CLOEXEC));
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  step(Stage::descriptors, fcntl(ends[0], F_SETFL, flags));
}

std::optional<ReceivedReport> wait_report(int socket) {
  pollfd polled{socket, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&polled, 1, kStartTime)) < 0 && errno == EINTR) {
  }
  if (ready == 0) throw StepError{Stage::timeout, 0};
  return receive_report(socket);
}

// Waits for the jail and takes hold of the command. Throws StepError.
void await_ready(JailedCommand& started) {
  const std::optional<ReceivedReport> received = wait_report(started.report.get());
  if (!received) throw StepError{Stage::died, 0};
  if (received->report.stage != Stage::none) {
    throw StepError{received->report.stage, received->report.error};
  }
  started.landlock = static_cast<int>(received->report.findings[0].detail);
  // It waits at the gate, so the number is its own.
  started.command_pidfd.reset(
      step(Stage::process, static_cast<int>(syscall(SYS_pidfd_open, received->pid, 0))));
}

}  // namespace

JailedCommand jail_command(const KeepRequest& request, const Filter& command, const Filter& init) {
  JailedCommand started;
  wire::UniqueFd log_write, result_write, gate_read, report_write;
  open_pipe(started.log, log_write, O_NONBLOCK);
  open_pipe(started.result, result_write, O_NONBLOCK);
  open_pipe(gate_read, started.gate, 0);
  int report[2];
  step(Stage::descriptors, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report));
  started.report.reset(report[0]);
  report_write.reset(report[1]);
  const int on = 1;
  step(Stage::descriptors, setsockopt(report[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  const wire::UniqueFd proc(
      step(Stage::descriptors, open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)));
  const wire::UniqueFd null(step(Stage::descriptors, open("/dev/null", O_RDWR | O_CLOEXEC)));
  const wire::UniqueFd self(
      step(Stage::descriptors, static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0))));

  const Route route = best_route();
  const uid_t user = geteuid();
  const gid_t group = getegid();
  started.init = step(
      Stage::namespaces,
      clone_into(kNamespaces | (route == Route::user ? CLONE_NEWUSER : 0), started.init_pidfd));
  if (started.init == 0) {
    try {
      keep_descriptors({null.get(), log_write.get(), log_write.get(), report_write.get(),
                        gate_read.get(), proc.get(), self.get(), result_write.get()});
    } catch (const StepError&) {
      _exit(kExitSetup);
    }
    run_child(request, command, init, route, user, group);
  }
  report_write.reset();
  try {
    await_ready(started);
  } catch (const StepError&) {
    kill(started.init, SIGKILL);
    waitpid(started.init, nullptr, 0);
    throw;
  }
  return started;
}

int exec_error(const JailedCommand& command) {
  const std::optional<ReceivedReport> received = receive_report(command.report.get());
  if (!received) return 0;
  return received->report.error != 0 ? received->report.error : EIO;
}

}  // namespace bulkhead::sandbox
