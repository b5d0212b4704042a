#include "sandbox/launch/cell_start.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {
namespace {

pid_t plain_fork(wire::UniqueFd& pidfd) {
  const pid_t pid = fork();
  if (pid <= 0) return pid;
  // Not reaped yet: the number can't have become another process.
  pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  return pid;
}

}  // namespace

pid_t clone_into(unsigned long namespaces, wire::UniqueFd& pidfd) {
  const unsigned long flags = namespaces | CLONE_PIDFD | SIGCHLD;
  int descriptor = -1;
  // The order of the other arguments differs between architectures; of these two it does not.
  const long pid = syscall(SYS_clone, flags, nullptr, &descriptor, nullptr, nullptr);
  if (pid > 0) pidfd.reset(descriptor);
  return static_cast<pid_t>(pid);
}

Route best_route() { return geteuid() == 0 ? Route::root : Route::user; }

StartedProcess start_process(const LauncherContext& launcher, const JailPlan& plan) {
  int report[2];
  step(Stage::descriptors, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report));
  StartedProcess started;
  started.report.reset(report[0]);
  wire::UniqueFd report_write(report[1]);
  const int on = 1;
  step(Stage::descriptors, setsockopt(report[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  wire::UniqueFd result_write;
  const bool namespaces = has_namespaces(plan.route);
  if (namespaces) {
    int result[2];
    step(Stage::descriptors, pipe2(result, O_CLOEXEC | O_NONBLOCK));
    started.result.reset(result[0]);
    result_write.reset(result[1]);
  }
  const unsigned long user = plan.route == Route::user ? CLONE_NEWUSER : 0;
  started.pid = namespaces ? step(Stage::namespaces, clone_into(kNamespaces | user, started.pidfd))
                           : step(Stage::process, plain_fork(started.pidfd));
  if (started.pid == 0) run_cell(launcher, plan, report_write.get(), result_write.get());
  if (!started.pidfd) {
    const int error = errno;
    kill(started.pid, SIGKILL);
    throw StepError{Stage::process, error};
  }
  return started;
}

std::optional<ReceivedReport> receive_report(int socket) {
  ReceivedReport received;
  iovec part{&received.report, sizeof received.report};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size != static_cast<ssize_t>(sizeof received.report)) return std::nullopt;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) continue;
    ucred sender{};
    memcpy(&sender, CMSG_DATA(header), sizeof sender);
    received.pid = sender.pid;
  }
  return received;
}

}  // namespace bulkhead::sandbox
