// A value of a configuration as the C ABI has it.
#pragma once

#include <bulkhead/abi/core.h>
#include <bulkhead/host.hpp>

#include <optional>
#include <string>
#include <variant>

namespace bulkhead::host {

// Borrows from both.
inline bh_config_entry config_entry(const std::string& key, const ConfigValue& value) {
  bh_config_entry entry{};
  entry.key = {key.data(), key.size()};
  if (const auto* boolean = std::get_if<bool>(&value)) {
    entry.type = BH_VALUE_BOOLEAN;
    entry.integer = *boolean ? 1 : 0;
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    entry.type = BH_VALUE_INTEGER;
    entry.integer = *integer;
  } else if (const auto* number = std::get_if<double>(&value)) {
    entry.type = BH_VALUE_NUMBER;
    entry.number = *number;
  } else {
    const auto& text = std::get<std::string>(value);
    entry.type = BH_VALUE_TEXT;
    entry.text = {text.data(), text.size()};
  }
  return entry;
}

// Empty where the type is none of BH_VALUE_*.
inline std::optional<ConfigValue> config_value(const bh_config_entry& entry) {
  switch (entry.type) {
    case BH_VALUE_BOOLEAN:
      return entry.integer != 0;
    case BH_VALUE_INTEGER:
      return entry.integer;
    case BH_VALUE_NUMBER:
      return entry.number;
    case BH_VALUE_TEXT:
      return entry.text.size == 0 ? std::string() : std::string(entry.text.data, entry.text.size);
    default:
      return std::nullopt;
  }
}

}  // namespace bulkhead::host
