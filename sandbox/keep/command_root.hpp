// The private root of a command: the system's programs and libraries, read-only, and /work.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace bulkhead::sandbox {

// Inside a new mount namespace, with CAP_SYS_ADMIN over it. /work belongs to that user and group
// (-1: the caller's) and holds so many bytes, which are memory of the machine. Afterwards the
// working directory is the new "/", and nothing else is reachable. Throws StepError.
void enter_command_root(std::uint64_t work_bytes, uid_t user, gid_t group);

}  // namespace bulkhead::sandbox
