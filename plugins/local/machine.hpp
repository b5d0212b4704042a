// What this machine has for a job.
#pragma once

#include <cstdint>

namespace local {

struct Machine {
  std::uint64_t cpus = 0;    // that this process may use
  std::uint64_t memory = 0;  // bytes, in all
};

Machine this_machine();

}  // namespace local
