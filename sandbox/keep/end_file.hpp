// The end sentinel of a command.
#pragma once

#include <cstdint>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

struct CommandEnd {
  const char* reason = "";  // exited, not_executed, stopped, timeout, shutdown, killed
  int exit_code = -1;       // 128 + signal; -1: unknown
  int error = 0;            // errno of not_executed
  std::int64_t started_at = 0, ended_at = 0;  // nanoseconds since 1970
  std::uint64_t cpu_microseconds = 0, max_rss_kib = 0;
  std::uint64_t log_bytes = 0, log_dropped = 0;
};

std::int64_t now_ns();  // since 1970

// Its blocks are taken before the command starts, so that a full disk can't lose the end.
class EndFile {
 public:
  explicit EndFile(int folder);  // throws StepError
  // Writes it under its name, whole. An errno, or 0.
  int commit(const CommandEnd& end);

 private:
  const int folder_;
  wire::UniqueFd file_;
};

}  // namespace bulkhead::sandbox
