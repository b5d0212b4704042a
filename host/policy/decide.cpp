// What a policy says about one plugin.
#include <algorithm>

#include "host/policy/limit_table.hpp"
#include "host/policy/policy.hpp"
#include "registry/manifest/manifest.hpp"

namespace bulkhead::policy {
namespace {

constexpr const char* kBuiltIn = "the built-in default";

// Goes back to the last '*' only, so the work is at most the product of the lengths.
bool matches(std::string_view pattern, std::string_view id) {
  std::size_t p = 0, i = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (i < id.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = i;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == id[i])) {
      ++p;
      ++i;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?") != std::string_view::npos;
}

std::string origin_or_built_in(const std::string& origin) {
  return origin.empty() ? kBuiltIn : origin;
}

}  // namespace

Decision Policy::decide(std::string_view plugin_id) const {
  Decision decision;
  decision.mode = default_mode;
  decision.minimum_level = default_minimum_level;
  decision.limits = limits;
  std::string mode_origin = origin_or_built_in(default_mode_origin);
  std::string level_origin = origin_or_built_in(default_minimum_level_origin);
  // Backwards, so that the first rule that matches has the last word.
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    if (!matches(rule->match, plugin_id)) continue;
    if (rule->mode) {
      decision.mode = *rule->mode;
      mode_origin = rule->origin;
    }
    if (rule->minimum_level) {
      decision.minimum_level = *rule->minimum_level;
      level_origin = rule->origin;
    }
    if (rule->development) {
      decision.development = *rule->development;
      decision.development_reason = rule->origin;
    }
    for (const auto& [name, value] : rule->limits) {
      if (const LimitEntry* entry = find_limit(name)) set_limit(decision.limits, *entry, value);
    }
    rule->grants.lay_over(decision.grants);
  }
  decision.reason = mode_origin;
  if (decision.minimum_level > 0 && level_origin != mode_origin) {
    decision.reason +=
        "; minimum level " + std::to_string(decision.minimum_level) + " by " + level_origin;
  }
  decision.level_reason = level_origin;
  return decision;
}

std::vector<std::string> Policy::unknown_plugins(const std::vector<std::string>& ids) const {
  std::vector<std::string> warnings;
  for (const Rule& rule : rules) {
    if (has_wildcard(rule.match)) continue;
    if (std::find(ids.begin(), ids.end(), rule.match) != ids.end()) continue;
    warnings.push_back(rule.origin + " names a plugin that is not installed" +
                       manifest::did_you_mean(rule.match, ids));
  }
  return warnings;
}

std::optional<std::string> check_permissions(const manifest::Manifest& manifest,
                                             const Decision& decision) {
  const auto refusal = [&](const std::string& wanted, const char* permission,
                           const std::string& given, const char* limit) {
    return manifest.id + " " + manifest.version.text() + " asks for " + wanted + " (permissions." +
           permission + " in " + manifest::escaped(manifest.file) + "), but the policy allows " +
           given + ": raise limits." + limit + ", for all plugins or in a rule for this one";
  };
  const auto& memory = manifest.permissions.memory_bytes;
  const auto& threads = manifest.permissions.threads;
  if (memory && *memory > decision.limits.memory) {
    return refusal(manifest::bytes_text(*memory) + " of memory", "memory",
                   manifest::bytes_text(decision.limits.memory), "memory");
  }
  if (threads && *threads > decision.limits.threads) {
    return refusal(std::to_string(*threads) + " threads", "threads",
                   std::to_string(decision.limits.threads), "threads");
  }
  return std::nullopt;
}

}  // namespace bulkhead::policy
