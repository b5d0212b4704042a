#include "registry/manifest/quantity.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace bulkhead::manifest {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// From small to large, so that the last one that divides gives the shortest text.
constexpr std::uint64_t kKibi = 1024;
constexpr std::array kBinarySizes = {
    Unit{"B", 1},
    Unit{"KiB", kKibi},
    Unit{"MiB", kKibi* kKibi},
    Unit{"GiB", kKibi* kKibi* kKibi},
    Unit{"TiB", kKibi* kKibi* kKibi* kKibi},
};
constexpr std::array kDecimalSizes = {
    Unit{"kB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
};
constexpr std::array kDurations = {
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"min", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};

struct Quantity {
  std::uint64_t number;
  std::string_view unit;
};

std::optional<Quantity> split(std::string_view text) {
  Quantity quantity{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, quantity.number);
  if (error != std::errc{}) return std::nullopt;
  quantity.unit = {rest, static_cast<std::size_t>(end - rest)};
  if (quantity.unit.empty()) return quantity;
  while (quantity.unit.starts_with(' ')) quantity.unit.remove_prefix(1);
  if (quantity.unit.empty()) return std::nullopt;  // a trailing space is a forgotten unit
  return quantity;
}

template <std::size_t size>
std::optional<std::uint64_t> scale(const Quantity& quantity, const std::array<Unit, size>& units,
                                   std::uint64_t largest) {
  for (const Unit& unit : units) {
    if (unit.name != quantity.unit) continue;
    if (quantity.number > largest / unit.factor) return std::nullopt;
    return quantity.number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t size>
const Unit& largest_divisor(std::uint64_t number, const std::array<Unit, size>& units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) best = &unit;
  }
  return *best;
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr auto kLargest = std::numeric_limits<std::uint64_t>::max();
  const auto quantity = split(text);
  if (!quantity) return std::nullopt;
  if (quantity->unit.empty()) return quantity->number;
  if (const auto bytes = scale(*quantity, kBinarySizes, kLargest)) return bytes;
  return scale(*quantity, kDecimalSizes, kLargest);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return std::nullopt;
  const auto nanoseconds =
      scale(*quantity, kDurations, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  if (!nanoseconds) return std::nullopt;
  return static_cast<std::int64_t>(*nanoseconds);
}

std::string bytes_text(std::uint64_t bytes) {
  const Unit& unit = largest_divisor(bytes, kBinarySizes);
  return std::to_string(bytes / unit.factor) + " " + std::string(unit.name);
}

std::string duration_text(std::int64_t nanoseconds) {
  if (nanoseconds <= 0) return std::to_string(nanoseconds) + "ns";
  const auto number = static_cast<std::uint64_t>(nanoseconds);
  const Unit& unit = largest_divisor(number, kDurations);
  return std::to_string(number / unit.factor) + std::string(unit.name);
}

}  // namespace bulkhead::manifest
