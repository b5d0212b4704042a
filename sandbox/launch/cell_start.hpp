// One start of a cell, as the launcher does it: a clone or fork, and the report that comes back.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <optional>

#include "sandbox/launch/jail.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

// A process that builds its jail. `pidfd` is of `pid`, a child of the launcher: the inner pid 1, or
// the cell itself where it has none.
struct StartedProcess {
  pid_t pid = 0;
  wire::UniqueFd pidfd;
  wire::UniqueFd report;  // read side
  wire::UniqueFd result;  // read side; empty without an inner pid 1
};

// Throws StepError.
StartedProcess start_process(const LauncherContext& launcher, const JailPlan& plan);

struct ReceivedReport {
  Report report;
  pid_t pid = 0;  // of the sender, translated by the kernel
};
// Does not block. Nothing: the process ended without one.
std::optional<ReceivedReport> receive_report(int socket);

constexpr unsigned long kNamespaces =
    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

// fork() with namespaces. glibc does not learn of it: its notion of the thread's id is stale in the
// child, which therefore forks once more, by glibc, for the process that runs a plugin.
pid_t clone_into(unsigned long namespaces, wire::UniqueFd& pidfd);

// The most that this user can try here.
Route best_route();

}  // namespace bulkhead::sandbox
