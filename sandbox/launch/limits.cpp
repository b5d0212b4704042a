#include "sandbox/launch/limits.hpp"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>

#include "sandbox/launch/step.hpp"
#include "sandbox/policy/sanitizer_runtime.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr rlim_t kStack = rlim_t{8} << 20;

void limit(int resource, rlim_t value) {
  rlimit current{};
  step(Stage::limits, getrlimit(static_cast<__rlimit_resource_t>(resource), &current));
  const rlim_t most = std::min(value, current.rlim_max);
  const rlimit wanted{most, most};
  step(Stage::limits, setrlimit(static_cast<__rlimit_resource_t>(resource), &wanted));
}

}  // namespace

bool threads_are_counted_per_namespace() {
  utsname names{};
  int major = 0, minor = 0;
  if (uname(&names) != 0 || sscanf(names.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 5 || (major == 5 && minor >= 14);
}

std::vector<Finding> apply_limits(const LimitRequest& request, bool own_user_namespace,
                                  unsigned helper_processes) {
  // The kernel holds a core dump against both.
  const rlim_t dump = request.core_dumps ? request.memory_bytes : 0;
  limit(RLIMIT_CORE, dump);
  limit(RLIMIT_FSIZE, dump);
  limit(RLIMIT_MEMLOCK, 0);
  limit(RLIMIT_MSGQUEUE, 0);
  limit(RLIMIT_STACK, kStack);
  limit(RLIMIT_NOFILE, request.descriptors);
  const bool unlimited = (working_sanitizers() & BH_SANITIZER_ADDRESS) != 0;
  if (!unlimited) limit(RLIMIT_AS, request.memory_bytes);
  const std::uint32_t detail =
      (request.core_dumps ? core_dumps_allowed : 0u) | (unlimited ? memory_unlimited : 0u);
  std::vector<Finding> findings{{Fact::limits, 1, 0, detail}};
  const bool threads = own_user_namespace && threads_are_counted_per_namespace();
  if (threads) limit(RLIMIT_NPROC, rlim_t{request.threads} + helper_processes);
  findings.push_back({Fact::thread_limit, static_cast<std::uint16_t>(threads), 0, request.threads});
  return findings;
}

void apply_command_limits(std::uint32_t processes, std::uint32_t descriptors) {
  if (!threads_are_counted_per_namespace()) throw StepError{Stage::limits, ENOSYS};
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_MEMLOCK, 0);
  limit(RLIMIT_MSGQUEUE, 0);
  limit(RLIMIT_NOFILE, descriptors);
  limit(RLIMIT_NPROC, processes);
}

void limit_address_space(std::uint64_t bytes) { limit(RLIMIT_AS, bytes); }

}  // namespace bulkhead::sandbox
