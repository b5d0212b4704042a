// Finding the policy file, and the variables that lie over it.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "host/policy/limit_table.hpp"
#include "host/policy/policy_file.hpp"
#include "registry/manifest/text_file.hpp"
#include "registry/manifest/words.hpp"

namespace bulkhead::policy {
namespace {

using manifest::FileError;

constexpr const char* kSystemFile = "/etc/bulkhead/bulkhead.toml";

// An empty variable is none.
std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  const char* value = environment ? environment(name.c_str()) : nullptr;
  if (value == nullptr || value[0] == '\0') return std::nullopt;
  return value;
}

PolicyFile read_required(const std::string& file, const std::string& named_by) {
  const auto text = manifest::read_text_file(file);
  if (!text) {
    throw FileError(file, 0, 0, "there is no such policy file; it is named by " + named_by);
  }
  return parse_policy_file(*text, file);
}

PolicyFile find_and_read(const std::string& file, const Environment& environment) {
  if (!file.empty()) return read_required(file, "the program's options");
  if (const auto named = variable(environment, "BULKHEAD_POLICY")) {
    return read_required(*named, "the variable BULKHEAD_POLICY");
  }
  std::vector<std::string> candidates = {kSystemFile};
  const std::string user = config_folder(environment);
  if (!user.empty()) candidates.insert(candidates.begin(), user + "/bulkhead.toml");
  for (const std::string& candidate : candidates) {
    if (const auto text = manifest::read_text_file(candidate)) {
      return parse_policy_file(*text, candidate);
    }
  }
  return {};
}

std::string absolute(const std::string& folder, const std::string& named_by) {
  std::error_code error;
  const auto path = std::filesystem::absolute(folder, error);
  if (error) {
    throw FileError(
        named_by, 0, 0,
        "the folder " + manifest::quoted(folder) +
            " is relative to the current folder, which can't be found: " + error.message());
  }
  return path.lexically_normal().string();
}

std::vector<std::string> split_path(const std::string& text) {
  std::vector<std::string> folders;
  std::string_view rest = text;
  for (;;) {
    const std::size_t colon = rest.find(':');
    if (colon != 0 && !rest.empty()) {
      folders.push_back(absolute(std::string(rest.substr(0, colon)), "BULKHEAD_PLUGIN_PATH"));
    }
    if (colon == std::string_view::npos) return folders;
    rest.remove_prefix(colon + 1);
  }
}

void lay_isolation(const Environment& environment, Policy& policy, std::vector<Rule>& rules) {
  constexpr const char* kIsolation = "BULKHEAD_ISOLATION";
  constexpr const char* kLevel = "BULKHEAD_MINIMUM_LEVEL";
  if (const auto text = variable(environment, kIsolation)) {
    const auto mode = parse_mode(*text);
    if (!mode) throw FileError(kIsolation, 0, 0, mode_problem(*text));
    policy.default_mode = *mode;
    policy.default_mode_origin = kIsolation;
    Rule& rule = rules.emplace_back();
    rule.mode = mode;
    rule.origin = kIsolation;
  }
  if (const auto text = variable(environment, kLevel)) {
    const bool valid = text->size() == 1 && (*text)[0] >= '0' && (*text)[0] <= '0' + kHighestLevel;
    if (!valid) {
      throw FileError(kLevel, 0, 0,
                      "must be from 0 to " + std::to_string(kHighestLevel) + ", not " +
                          manifest::quoted(*text));
    }
    policy.default_minimum_level = (*text)[0] - '0';
    policy.default_minimum_level_origin = kLevel;
    Rule& rule = rules.emplace_back();
    rule.minimum_level = policy.default_minimum_level;
    rule.origin = kLevel;
  }
}

std::string limit_variable(const LimitEntry& entry) {
  std::string name = std::string("BULKHEAD_LIMITS_") + entry.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

// A setting that is spelled wrong would silently not hold, where the file is strict. Variables that
// belong to others (BULKHEAD_LAUNCHER, those of the build and the tests) are not like any of these.
void refuse_misspelled(const Environment& environment) {
  if (!environment || environ == nullptr) return;
  constexpr std::string_view kPrefix = "BULKHEAD_";
  std::vector<std::string> known = {"POLICY", "PLUGIN_PATH", "ISOLATION", "MINIMUM_LEVEL"};
  for (const LimitEntry& entry : limit_table()) {
    known.push_back(limit_variable(entry).substr(kPrefix.size()));
  }
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view line = *at;
    const std::string name(line.substr(0, line.find('=')));
    // The names are the process's; `environment` decides which of them count.
    if (!name.starts_with(kPrefix) || !variable(environment, name)) continue;
    const std::string word = name.substr(kPrefix.size());
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    const std::string near = manifest::nearest(word, known);
    const bool section = word.starts_with("LIMITS_") || word.starts_with("ISOLATION_") ||
                         word.starts_with("PLUGINS_");
    if (near.empty() && !section) continue;
    throw FileError(name, 0, 0,
                    "the policy has no such variable" +
                        (near.empty() ? "; docs/policy.md lists them all"
                                      : "; did you mean " +
                                            manifest::quoted(std::string(kPrefix) + near) + "?"));
  }
}

void lay_limits(const Environment& environment, Policy& policy, std::vector<Rule>& rules) {
  for (const LimitEntry& entry : limit_table()) {
    const std::string name = limit_variable(entry);
    const auto text = variable(environment, name);
    if (!text) continue;
    const auto value = parse_limit(entry, *text);
    if (!value) {
      throw FileError(
          name, 0, 0,
          std::string("must be ") + limit_form(entry) + ", not " + manifest::quoted(*text));
    }
    const std::string problem = limit_problem(entry, *value);
    if (!problem.empty()) throw FileError(name, 0, 0, problem);
    set_limit(policy.limits, entry, *value);
    Rule& rule = rules.emplace_back();
    rule.limits.emplace_back(entry.name, *value);
    rule.origin = name;
  }
}

}  // namespace

Policy Policy::load(const std::string& file, const Environment& environment) {
  PolicyFile found = find_and_read(file, environment);
  Policy policy = std::move(found.policy);
  for (std::string& folder : policy.plugin_folders) folder = absolute(folder, policy.file);
  for (Rule& rule : policy.rules) {
    if (!rule.grants.files) continue;
    for (FileGrant& file : *rule.grants.files) file.path = absolute(file.path, policy.file);
  }
  if (!found.names_folders) policy.plugin_folders = default_plugin_folders(environment);
  if (const auto path = variable(environment, "BULKHEAD_PLUGIN_PATH")) {
    auto folders = split_path(*path);
    policy.plugin_folders.insert(policy.plugin_folders.begin(), folders.begin(), folders.end());
  }

  // What a variable says holds for every plugin: as a rule before those of the file.
  refuse_misspelled(environment);
  std::vector<Rule> rules;
  lay_isolation(environment, policy, rules);
  lay_limits(environment, policy, rules);
  for (Rule& rule : rules) rule.match = "*";
  policy.rules.insert(policy.rules.begin(), std::make_move_iterator(rules.begin()),
                      std::make_move_iterator(rules.end()));
  return policy;
}

}  // namespace bulkhead::policy
