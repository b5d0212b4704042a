// The limits of a policy as a table: name, unit, field, and the range that makes sense.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "host/policy/policy.hpp"

namespace bulkhead::policy {

enum class Unit { duration, size, count };

struct LimitEntry {
  const char* name;  // in [limits], and in capitals after BULKHEAD_LIMITS_
  Unit unit;
  std::variant<std::int64_t Limits::*, std::uint64_t Limits::*, std::uint32_t Limits::*> field;
  std::uint64_t minimum, maximum;
  const char* minimum_reason;  // "because ..."
  const char* maximum_reason;
  bool host_wide = false;  // makes no sense for one plugin
};

std::span<const LimitEntry> limit_table();
const LimitEntry* find_limit(std::string_view name);

void set_limit(Limits& limits, const LimitEntry& entry, std::uint64_t value);
std::uint64_t get_limit(const Limits& limits, const LimitEntry& entry);

// What is wrong with a value of a limit, as the rest of a sentence that begins with the limit's
// name; empty: nothing.
std::string limit_problem(const LimitEntry& entry, std::uint64_t value);

// "60s", "4 GiB", "1024" by the unit. nullopt: not of that form.
std::optional<std::uint64_t> parse_limit(const LimitEntry& entry, std::string_view text);
// "a duration such as '60s'": what parse_limit reads.
const char* limit_form(const LimitEntry& entry);
std::string limit_text(const LimitEntry& entry, std::uint64_t value);

}  // namespace bulkhead::policy
