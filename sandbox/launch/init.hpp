// The inner pid 1 of a pid namespace.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sandbox/launch/filter.hpp"

struct rusage;

namespace bulkhead::sandbox {

// What the inner pid 1 writes to its result pipe when the process that it waits for has ended.
struct CellResult {
  std::int32_t wait_status = 0;
  std::uint32_t reserved = 0;
  std::uint64_t cpu_microseconds = 0;
  std::uint64_t max_rss_kib = 0;
};

// From what wait4 gave.
CellResult cell_result(int wait_status, const rusage& usage);

// Pid 1 of the namespace: it reaps, and ends when `child` has. It exists because the kernel reports
// an abort() of a pid 1 as something else. When it ends, the kernel ends everything in the
// namespace. `result` is the write end of the pipe; all other descriptors are closed.
[[noreturn]] void run_init(const Filter& filter, int result, pid_t child);

}  // namespace bulkhead::sandbox
