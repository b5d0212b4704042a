// The launcher's process, as the host started it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

// The application's own children and its use of SIGCHLD stay out of it: only this one process is
// waited for, and where the application has SIGCHLD ignored, its end is still noticed.
class LauncherProgram {
 public:
  // Starts the program with its end of the control socket, and after the sanitizer's run time of
  // that name (empty: none). Throws LaunchError.
  static LauncherProgram start(const std::string& executable, wire::UniqueFd control,
                               const std::string& sanitizer);

  LauncherProgram(LauncherProgram&&) = default;

  pid_t pid() const { return pid_; }
  bool ended() const;
  // Waits for its end, after that time kills it, then reaps it. Once.
  void finish(std::chrono::milliseconds patience);

 private:
  LauncherProgram(pid_t pid, wire::UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;
  wire::UniqueFd pidfd_;
};

}  // namespace bulkhead::sandbox
