#include "host/policy/policy_file.hpp"

#include <algorithm>
#include <filesystem>

#include "host/policy/limit_table.hpp"

namespace bulkhead::policy {
namespace {

using manifest::did_you_mean;
using manifest::escaped;
using manifest::is_printable;
using manifest::TomlTable;

constexpr std::size_t kMostFolders = 64;
constexpr std::size_t kLongestFolder = 4096;
constexpr std::size_t kMostRules = 1000;
constexpr std::size_t kLongestPattern = 64;

void check_format(TomlTable& root) {
  if (root.type_of("policy").empty() && root.type_of("manifest") == "integer") {
    root.fail("manifest", "this is the manifest of a plugin (plugin.toml), not a policy");
  }
  const std::int64_t format = root.required_integer("policy");
  if (format == kPolicyFormat) return;
  root.fail("policy",
            "this policy has format " + std::to_string(format) +
                ", and this version of Bulkhead reads format " + std::to_string(kPolicyFormat) +
                (format > kPolicyFormat ? ": install a newer Bulkhead" : ": write policy = 1"));
}

void read_folders(TomlTable table, const std::string& file, PolicyFile& result) {
  const auto folders = table.texts("folders");
  table.finish();
  if (!folders) return;
  result.names_folders = true;
  if (folders->size() > kMostFolders) {
    table.fail("folders", "plugins.folders has " + std::to_string(folders->size()) +
                              " elements; at most " + std::to_string(kMostFolders) +
                              " are allowed");
  }
  const auto base = std::filesystem::path(file).parent_path();
  for (std::size_t index = 0; index < folders->size(); ++index) {
    const std::string& folder = (*folders)[index];
    const auto fail = [&](const std::string& sentence) {
      table.fail_element("folders", index,
                         "the folder " + manifest::quoted(folder) + " " + sentence);
    };
    if (folder.empty()) fail("is empty; write '.' for the folder of this file");
    if (folder.size() > kLongestFolder) fail("has a name that is too long");
    if (!is_printable(folder)) fail("has control characters in its name");
    if (folder.front() == '~' || folder.find('$') != std::string::npos) {
      fail("is not expanded here: write the whole path, or one relative to this file");
    }
    result.policy.plugin_folders.push_back((base / folder).lexically_normal().string());
  }
}

std::string read_certificates(TomlTable table, const std::string& file) {
  const auto path = table.has("certificates") ? read_file_path(table, "certificates", file) : "";
  table.finish();
  return path;
}

std::optional<Mode> read_mode(TomlTable& table, const char* key) {
  const auto text = table.text(key);
  if (!text) return std::nullopt;
  const auto mode = parse_mode(*text);
  if (!mode) table.fail(key, table.name(key) + " " + mode_problem(*text));
  return mode;
}

std::optional<int> read_level(TomlTable& table) {
  const auto level = table.integer("minimum_level");
  if (!level) return std::nullopt;
  if (*level < 0 || *level > kHighestLevel) {
    table.fail("minimum_level", table.name("minimum_level") + " must be from 0 to " +
                                    std::to_string(kHighestLevel) + ", not " +
                                    std::to_string(*level));
  }
  return static_cast<int>(*level);
}

void check_level_fits(const TomlTable& table, std::optional<Mode> mode, std::optional<int> level) {
  if (mode != Mode::in_process || level.value_or(0) == 0) return;
  table.fail("minimum_level", table.name("minimum_level") + " is " + std::to_string(*level) +
                                  ", but a plugin in process always has level 0: leave one of the "
                                  "two out");
}

std::uint64_t read_limit(TomlTable& table, const LimitEntry& entry) {
  const std::string name = table.name(entry.name);
  const auto fail_form = [&](const std::string& found) {
    table.fail(entry.name, name + " must be " + limit_form(entry) + ", not " + found);
  };
  std::uint64_t value = 0;
  const bool written_as_integer = table.type_of(entry.name) == "integer";
  if (entry.unit == Unit::duration && written_as_integer) {
    fail_form(std::to_string(*table.integer(entry.name)) + " without a unit");
  }
  if (entry.unit == Unit::count || written_as_integer) {
    const std::int64_t integer = *table.integer(entry.name);
    if (integer < 0) fail_form(std::to_string(integer));
    value = static_cast<std::uint64_t>(integer);
  } else {
    const std::string text = *table.text(entry.name);
    const auto parsed = parse_limit(entry, text);
    if (!parsed) fail_form(manifest::quoted(text));
    value = parsed.value_or(0);
  }
  const std::string problem = limit_problem(entry, value);
  if (!problem.empty()) table.fail(entry.name, name + " " + problem);
  return value;
}

std::vector<std::pair<std::string, std::uint64_t>> read_limits(TomlTable table) {
  std::vector<std::pair<std::string, std::uint64_t>> result;
  for (const LimitEntry& entry : limit_table()) {
    if (table.has(entry.name)) result.emplace_back(entry.name, read_limit(table, entry));
  }
  table.finish();
  return result;
}

bool is_pattern_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '*' || c == '?';
}

Rule read_rule(TomlTable table, const std::string& file) {
  Rule rule;
  rule.match = table.required_text("match");
  if (rule.match.empty() || rule.match.size() > kLongestPattern ||
      !std::all_of(rule.match.begin(), rule.match.end(), is_pattern_character)) {
    table.fail("match",
               "rule.match must be the id of a plugin, in which '*' stands for any text "
               "and '?' for any character, not " +
                   manifest::quoted(rule.match));
  }
  rule.origin = "the rule " + manifest::quoted(rule.match) + " in " + escaped(file) + ":" +
                std::to_string(table.line(nullptr));
  rule.mode = read_mode(table, "isolation");
  rule.minimum_level = read_level(table);
  check_level_fits(table, rule.mode, rule.minimum_level);
  rule.development = table.boolean("development");
  if (rule.development.value_or(false) && rule.minimum_level.value_or(0) != 0) {
    table.fail("development",
               "a development cell always has level 0: leave out rule.development or "
               "rule.minimum_level");
  }
  if (auto limits = table.table("limits")) {
    rule.limits = read_limits(*limits);
    for (const auto& [name, value] : rule.limits) {
      if (!find_limit(name)->host_wide) continue;
      limits->fail(name.c_str(), name + " is a limit of the whole host: set it in [limits]");
    }
  }
  if (auto grants = table.table("grants")) rule.grants = read_grants(std::move(*grants), file);
  table.finish();
  if (!rule.mode && !rule.minimum_level && !rule.development && rule.limits.empty() &&
      rule.grants.empty()) {
    table.fail(nullptr,
               "this rule changes nothing: give it isolation, minimum_level, development, limits "
               "or grants");
  }
  return rule;
}

void read_isolation(TomlTable table, const std::string& file, Policy& policy) {
  const auto origin = [&](const char* key) {
    return table.name(key) + " in " + escaped(file) + ":" + std::to_string(table.line(key));
  };
  const auto mode = read_mode(table, "default");
  const auto level = read_level(table);
  check_level_fits(table, mode, level);
  table.finish();
  if (mode) {
    policy.default_mode = *mode;
    policy.default_mode_origin = origin("default");
  }
  if (level) {
    policy.default_minimum_level = *level;
    policy.default_minimum_level_origin = origin("minimum_level");
  }
}

}  // namespace

const char* mode_name(Mode mode) { return mode == Mode::cell ? "cell" : "in-process"; }

std::optional<Mode> parse_mode(std::string_view text) {
  if (text == "cell") return Mode::cell;
  if (text == "in-process") return Mode::in_process;
  return std::nullopt;
}

std::string mode_problem(std::string_view text) {
  return "must be 'cell' or 'in-process', not " + manifest::quoted(text) +
         did_you_mean(text, {"cell", "in-process"});
}

PolicyFile parse_policy_file(std::string_view text, std::string file) {
  PolicyFile result;
  Policy& policy = result.policy;
  policy.file = file;
  TomlTable root = TomlTable::parse(text, std::move(file));
  check_format(root);
  const auto plugins = root.table("plugins");
  const auto isolation = root.table("isolation");
  const auto limits = root.table("limits");
  const auto http = root.table("http");
  const auto rules = root.tables("rule");
  root.finish();

  if (plugins) read_folders(*plugins, policy.file, result);
  if (isolation) read_isolation(*isolation, policy.file, policy);
  if (limits) {
    for (const auto& [name, value] : read_limits(*limits)) {
      set_limit(policy.limits, *find_limit(name), value);
    }
  }
  if (http) policy.certificates = read_certificates(*http, policy.file);
  if (rules.size() > kMostRules) {
    root.fail("rule", "there are " + std::to_string(rules.size()) + " rules; at most " +
                          std::to_string(kMostRules) + " are allowed");
  }
  for (const TomlTable& rule : rules) policy.rules.push_back(read_rule(rule, policy.file));
  return result;
}

Policy Policy::parse(std::string_view text, std::string file) {
  return parse_policy_file(text, std::move(file)).policy;
}

}  // namespace bulkhead::policy
