// The jail of a command: namespaces, a private root, limits, Landlock, a filter. Where this machine
// refuses one of these, nothing runs.
#pragma once

#include "sandbox/keep/request.hpp"
#include "sandbox/launch/filter.hpp"
#include "sandbox/policy/stage.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

constexpr const char* kWorkFolder = "/work";

struct JailedCommand {
  pid_t init = 0;  // child of the caller: pid 1 of the namespace
  wire::UniqueFd init_pidfd;
  wire::UniqueFd command_pidfd;  // of the command proper
  wire::UniqueFd result;         // CellResult of it, once it has ended by itself
  wire::UniqueFd log;            // its output, non-blocking
  wire::UniqueFd gate;           // one byte written here lets it go
  // After the gate: closed without a word when the program runs, an errno where it does not.
  wire::UniqueFd report;
  int landlock = 0;  // ABI; 0: this kernel has none
};

// Builds the jail up to the gate. It dies with the calling process, which must have one thread.
// Throws StepError.
JailedCommand jail_command(const KeepRequest& request, const Filter& command, const Filter& init);

// Reads the errno of a program that could not be executed; 0: it runs.
int exec_error(const JailedCommand& command);

}  // namespace bulkhead::sandbox
