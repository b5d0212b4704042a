#include "machine.hpp"

#include <sched.h>
#include <sys/sysinfo.h>

#include <vector>

namespace local {
namespace {

// Without opening a file, which a cell may not.
std::uint64_t count_cpus() {
  constexpr int kMost = 1 << 16;
  std::vector<unsigned char> memory(CPU_ALLOC_SIZE(kMost));
  auto* set = reinterpret_cast<cpu_set_t*>(memory.data());
  if (sched_getaffinity(0, memory.size(), set) != 0) return 1;
  return static_cast<std::uint64_t>(CPU_COUNT_S(memory.size(), set));
}

}  // namespace

Machine this_machine() {
  struct sysinfo facts {};
  const bool known = sysinfo(&facts) == 0;
  return {count_cpus(), known ? std::uint64_t{facts.totalram} * facts.mem_unit : 0};
}

}  // namespace local
