// bulkhead/sdk/config.hpp: the configuration of an instance, with types. The host has checked keys,
// types and limits against the manifest and filled in its defaults.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <bulkhead/sdk/call.hpp>

namespace bulkhead::sdk {

// A value as it comes through the C ABI; nothing: of a type that this SDK does not know.
using ConfigValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

inline ConfigValue value_of(const bh_config_entry& entry) {
  switch (entry.type) {
    case BH_VALUE_BOOLEAN:
      return entry.integer != 0;
    case BH_VALUE_INTEGER:
      return entry.integer;
    case BH_VALUE_NUMBER:
      return entry.number;
    case BH_VALUE_TEXT:
      return std::string(as_view(entry.text));
    default:
      return std::monostate();
  }
}

class Config {
 public:
  Config(const bh_config_entry* entries, std::size_t count) {
    entries_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      entries_.push_back({std::string(as_view(entries[i].key)), value_of(entries[i])});
    }
  }

  bool has(std::string_view key) const noexcept { return find(key) != nullptr; }
  // All keys, in their order: for values that no manifest has checked, such as a run's options.
  std::vector<std::string_view> keys() const {
    std::vector<std::string_view> list;
    for (const auto& entry : entries_) list.push_back(entry.first);
    return list;
  }

  // Each throws BH_INVALID_ARGUMENT when the key is missing or has another type; number() takes an
  // integer too. Keys without a default in the manifest and not required there: ask has() first.
  bool boolean(std::string_view key) const { return get<bool>(key, "a boolean"); }
  std::int64_t integer(std::string_view key) const { return get<std::int64_t>(key, "an integer"); }
  const std::string& text(std::string_view key) const { return get<std::string>(key, "text"); }
  double number(std::string_view key) const {
    const Value* value = find(key);
    if (value != nullptr && std::holds_alternative<std::int64_t>(*value)) {
      return static_cast<double>(std::get<std::int64_t>(*value));
    }
    return get<double>(key, "a number");
  }

 private:
  using Value = ConfigValue;

  const Value* find(std::string_view key) const noexcept {
    for (const auto& [name, value] : entries_) {
      if (name == key) return &value;
    }
    return nullptr;
  }
  template <class T>
  const T& get(std::string_view key, const char* type) const {
    const Value* value = find(key);
    if (value != nullptr && std::holds_alternative<T>(*value)) return std::get<T>(*value);
    throw PluginError(BH_INVALID_ARGUMENT,
                      "The configuration key \"" + std::string(key) + "\" " +
                          (value == nullptr ? "is missing; it must be " : "must be ") + type + ".");
  }

  std::vector<std::pair<std::string, Value>> entries_;
};

}  // namespace bulkhead::sdk
