// Resource limits of a cell.
#pragma once

#include <cstdint>
#include <vector>

#include "sandbox/policy/facts.hpp"

namespace bulkhead::sandbox {

struct LimitRequest {
  std::uint64_t memory_bytes = 0;  // RLIMIT_AS
  std::uint32_t threads = 0;       // all threads of the cell, its first included
  std::uint32_t descriptors = 0;
  bool core_dumps = false;  // of a development cell: as large as its memory
};

// Whether RLIMIT_NPROC counts for each user namespace (Linux 5.14), not for the user as a whole.
bool threads_are_counted_per_namespace();

// Sets hard and soft limits; where the process's own hard limit is lower, that one stays. The limit
// on threads needs `own_user_namespace`: without one it would count all processes of the user.
// `helper_processes` count against it too. Throws StepError. Memory
// has no limit where AddressSanitizer works: it reserves terabytes.
std::vector<Finding> apply_limits(const LimitRequest& request, bool own_user_namespace,
                                  unsigned helper_processes);

// Limits of a command: each of its processes has that many descriptors; all together are
// `processes` at most, threads and the inner pid 1 counted. Needs a user namespace of its own;
// throws StepError where the kernel does not count for it.
void apply_command_limits(std::uint32_t processes, std::uint32_t descriptors);
// Of this process and those that it starts. The last step: a build with sanitizers has more
// already.
void limit_address_space(std::uint64_t bytes);

}  // namespace bulkhead::sandbox
