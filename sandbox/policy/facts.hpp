// What the launcher found out about one cell while it built the jail, small enough for a message.
// The host turns it into the level and its sentences.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/policy/stage.hpp"

namespace bulkhead::sandbox {

enum class Fact : std::uint16_t {
  filter = 1,  // detail: number of rules
  landlock,    // detail: ABI
  no_new_privileges,
  no_capabilities,
  limits,
  thread_limit,
  namespaces,  // detail: Stage where it failed, if it did
  private_root,
  unprivileged_user,
  descriptors,        // four open descriptors, empty environment, session of its own
  sanitizer_profile,  // nothing is enforced
  exec_filter,        // of a plugin that is an executable; detail: number of rules
};

struct Finding {
  Fact fact{};
  std::uint16_t enforced = 0;
  std::int32_t error = 0;  // errno where it is not
  std::uint32_t detail = 0;
};

constexpr std::size_t kMaxFindings = 16;

// 1: filter, Landlock, limits, no new privileges. 2: also namespaces and a private root. 0: less.
int level_number(const std::vector<Finding>& findings);
std::vector<std::string> enforced_sentences(const std::vector<Finding>& findings);
// What the next levels would need, with the reason.
std::vector<std::string> missing_sentences(const std::vector<Finding>& findings);

}  // namespace bulkhead::sandbox
