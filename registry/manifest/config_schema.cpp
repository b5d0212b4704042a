#include "registry/manifest/config_schema.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "registry/manifest/names.hpp"

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kMostKeys = 256;
constexpr std::size_t kMostChoices = 1000;
constexpr std::size_t kLongestChoice = 200;
constexpr std::size_t kLongestDescription = 1000;
constexpr std::size_t kLongestDefault = 4096;
// Limits are kept as double: whole numbers up to here have an exact one.
constexpr std::int64_t kLargestExact = std::int64_t{1} << 53;

const std::vector<std::string> kTypes = {"boolean", "integer", "number", "string"};

std::string number_text(double number) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

std::optional<double> read_limit(TomlTable& table, const char* key, const ConfigKey& schema) {
  if (!table.has(key)) return std::nullopt;
  if (schema.type != "integer" && schema.type != "number") {
    table.fail(key, table.name(key) + " makes no sense for a " + schema.type +
                        ": only integers and numbers have a minimum and a maximum");
  }
  if (schema.type == "number") return table.number(key);
  const std::int64_t limit = *table.integer(key);
  if (limit > kLargestExact || limit < -kLargestExact) {
    table.fail(key, table.name(key) + " must be from -" + std::to_string(kLargestExact) + " to " +
                        std::to_string(kLargestExact) + "; leave it out for no limit");
  }
  return static_cast<double>(limit);
}

void read_choices(TomlTable& table, ConfigKey& key) {
  auto choices = table.texts("choices");
  if (!choices) return;
  const auto fail = [&](const std::string& sentence) {
    table.fail("choices", table.name("choices") + " " + sentence);
  };
  if (key.type != "string")
    fail("makes no sense for a " + key.type + ": only strings have choices");
  if (choices->empty()) fail("is empty: no value would be allowed; leave it out to allow any text");
  if (choices->size() > kMostChoices) {
    fail("has " + std::to_string(choices->size()) + " elements; at most " +
         std::to_string(kMostChoices) + " are allowed");
  }
  std::set<std::string> seen;
  for (std::size_t index = 0; index < choices->size(); ++index) {
    const std::string& choice = (*choices)[index];
    if (!seen.insert(choice).second) {
      table.fail_element("choices", index,
                         quoted(choice) + " stands in " + table.name("choices") + " twice");
    }
    if (choice.size() > kLongestChoice || !is_printable(choice)) {
      table.fail_element("choices", index,
                         "a choice must be one line of at most " + std::to_string(kLongestChoice) +
                             " bytes without control characters, not " + quoted(choice));
    }
  }
  key.choices = std::move(*choices);
}

std::optional<Value> read_default(TomlTable& table, const std::string& type) {
  if (type == "boolean") {
    if (const auto value = table.boolean("default")) return *value;
  } else if (type == "integer") {
    if (const auto value = table.integer("default")) return *value;
  } else if (type == "number") {
    if (const auto value = table.number("default")) return *value;
  } else if (auto value = table.text("default")) {
    if (value->size() > kLongestDefault) {
      table.fail("default", table.name("default") + " has " + std::to_string(value->size()) +
                                " bytes; at most " + std::to_string(kLongestDefault) +
                                " are allowed");
    }
    return std::move(*value);
  }
  return std::nullopt;
}

ConfigKey read_key(const std::string& name, TomlTable table) {
  ConfigKey key;
  key.name = name;
  key.type = table.required_text("type");
  if (std::find(kTypes.begin(), kTypes.end(), key.type) == kTypes.end()) {
    table.fail("type", table.name("type") + " must be one of " + listed(kTypes) + ", not " +
                           quoted(key.type) + did_you_mean(key.type, kTypes));
  }
  key.description = table.text("description").value_or("");
  if (key.description.size() > kLongestDescription || !is_printable(key.description)) {
    table.fail("description", table.name("description") + " must be one line of at most " +
                                  std::to_string(kLongestDescription) +
                                  " bytes without control characters");
  }
  key.minimum = read_limit(table, "minimum", key);
  key.maximum = read_limit(table, "maximum", key);
  if (key.minimum && key.maximum && *key.minimum > *key.maximum) {
    table.fail("minimum", table.name("minimum") + " is " + number_text(*key.minimum) +
                              ", above the maximum, which is " + number_text(*key.maximum));
  }
  read_choices(table, key);
  key.fallback = read_default(table, key.type);
  if (key.fallback) {
    const std::string problem = value_problem(key, *key.fallback);
    if (!problem.empty()) table.fail("default", table.name("default") + " " + problem);
  }
  table.finish();
  return key;
}

}  // namespace

std::vector<ConfigKey> read_config_schema(TomlTable table) {
  std::vector<ConfigKey> result;
  const auto names = table.keys();
  if (names.size() > kMostKeys) {
    table.fail(nullptr, "[config] has " + std::to_string(names.size()) + " keys; at most " +
                            std::to_string(kMostKeys) + " are allowed");
  }
  for (const std::string& name : names) {
    if (!is_id(name)) {
      table.fail_key(name, "the name of a configuration key is " + std::string(kIdRule) + ", not " +
                               quoted(name));
    }
    result.push_back(read_key(name, *table.table(name.c_str())));
  }
  return result;
}

std::string value_text(const Value& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  return quoted(std::get<std::string>(value));
}

std::string value_problem(const ConfigKey& key, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    const auto& choices = key.choices;
    if (choices.empty() || std::find(choices.begin(), choices.end(), *text) != choices.end()) {
      return "";
    }
    const std::string hint = did_you_mean(*text, choices);
    return "is " + quoted(*text) + hint + (hint.empty() ? ";" : "") + " the choices are " +
           listed(choices);
  }
  // long double holds every 64-bit integer and every double exactly.
  long double number = 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    number = static_cast<long double>(*whole);
  } else if (const auto* real = std::get_if<double>(&value)) {
    number = *real;
  } else {
    return "";
  }
  if (key.minimum && number < *key.minimum) {
    return "is " + value_text(value) + "; the minimum is " + number_text(*key.minimum);
  }
  if (key.maximum && number > *key.maximum) {
    return "is " + value_text(value) + "; the maximum is " + number_text(*key.maximum);
  }
  return "";
}

}  // namespace bulkhead::manifest
