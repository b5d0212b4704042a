// What the launcher found out about one cell while it built the jail, small enough for a message.
// The host turns it into the level and its sentences.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/policy/stage.hpp"

namespace bulkhead::sandbox {

// What differs in a development cell.
enum LimitsDetail : std::uint32_t { all_limits = 0, core_dumps_allowed = 1, memory_unlimited = 2 };

enum class Fact : std::uint16_t {
  filter = 1,  // detail: number of rules
  landlock,    // detail: ABI
  no_new_privileges,
  no_capabilities,
  limits,  // detail: LimitsDetail
  thread_limit,
  namespaces,  // detail: Stage where it failed, if it did
  private_root,
  unprivileged_user,
  descriptors,        // four open descriptors, empty environment, session of its own
  sanitizer_profile,  // nothing is enforced
  exec_filter,        // of a plugin that is an executable; detail: number of rules
  development,        // debuggers, core dumps, sanitizers: never enforced
};

struct Finding {
  Fact fact{};
  std::uint16_t enforced = 0;
  std::int32_t error = 0;  // errno where it is not
  std::uint32_t detail = 0;
};

constexpr std::size_t kMaxFindings = 16;

// 1: filter, Landlock, limits, no new privileges. 2: also namespaces and a private root. 0: less,
// and every development cell.
int level_number(const std::vector<Finding>& findings);
std::vector<std::string> enforced_sentences(const std::vector<Finding>& findings);
// What the next levels would need, with the reason.
std::vector<std::string> missing_sentences(const std::vector<Finding>& findings);

}  // namespace bulkhead::sandbox
