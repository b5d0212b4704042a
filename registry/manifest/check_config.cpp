// A configuration that a person or a program gave, against the schema of the manifest.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "registry/manifest/config_schema.hpp"

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 20;

template <class Number>
std::optional<Number> whole_text(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string type_of(const Value& value) {
  constexpr const char* kNames[] = {"a boolean", "an integer", "a number", "a string"};
  return kNames[value.index()];
}

// The value as the type of the key, or nullopt.
std::optional<Value> converted(const ConfigKey& key, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (key.type == "string") return text == nullptr ? std::nullopt : std::optional(value);
  if (key.type == "boolean") {
    if (std::holds_alternative<bool>(value)) return value;
    if (text != nullptr && *text == "true") return true;
    if (text != nullptr && *text == "false") return false;
    return std::nullopt;
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    if (key.type == "integer") return value;
    return static_cast<double>(*whole);
  }
  if (key.type == "integer") {
    if (text == nullptr) return std::nullopt;
    const auto number = whole_text<std::int64_t>(*text);
    return number ? std::optional<Value>(*number) : std::nullopt;
  }
  const auto* real = std::get_if<double>(&value);
  const auto number = text != nullptr   ? whole_text<double>(*text)
                      : real != nullptr ? std::optional(*real)
                                        : std::nullopt;
  if (!number || !std::isfinite(*number)) return std::nullopt;
  return *number;
}

std::string wanted_type(const ConfigKey& key) {
  if (key.type == "boolean") return "true or false";
  if (key.type == "integer") return "an integer";
  if (key.type == "number") return "a finite number";
  return "a string";
}

[[noreturn]] void refuse(const Manifest& manifest, const std::string& sentence) {
  throw std::invalid_argument("configuration of " + manifest.id + " " + manifest.version.text() +
                              ": " + sentence);
}

Value checked(const Manifest& manifest, const ConfigKey& key, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && text->size() > kLongestText) {
    refuse(manifest, key.name + " is a text of " + std::to_string(text->size()) +
                         " bytes; at most " + std::to_string(kLongestText) + " are allowed");
  }
  auto result = converted(key, value);
  if (!result) {
    refuse(manifest, key.name + " must be " + wanted_type(key) + ", not " + type_of(value) + ": " +
                         value_text(value));
  }
  const std::string problem = value_problem(key, *result);
  if (!problem.empty()) refuse(manifest, key.name + " " + problem);
  return std::move(*result);
}

}  // namespace

std::map<std::string, Value> check_config(const Manifest& manifest,
                                          const std::map<std::string, Value>& config) {
  std::vector<std::string> known;
  for (const ConfigKey& key : manifest.config) known.push_back(key.name);
  for (const auto& [name, value] : config) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string hint = did_you_mean(name, known);
    refuse(manifest, "there is no key " + quoted(name) + hint + (hint.empty() ? ";" : "") +
                         " the keys are " + listed(known));
  }
  std::map<std::string, Value> result;
  for (const ConfigKey& key : manifest.config) {
    const auto given = config.find(key.name);
    if (given != config.end()) {
      result.emplace(key.name, checked(manifest, key, given->second));
    } else if (key.fallback) {
      result.emplace(key.name, *key.fallback);
    } else {
      refuse(manifest, "the key " + key.name + " (" + key.type + ") is required" +
                           (key.description.empty() ? "" : ": " + key.description));
    }
  }
  return result;
}

}  // namespace bulkhead::manifest
