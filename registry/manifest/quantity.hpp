// Sizes and durations as people write them in plugin.toml and bulkhead.toml.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::manifest {

// "64 MiB", "2GiB", "1000" (bytes) -> bytes. Units: B, kB, MB, GB, TB (powers of 1000), KiB, MiB,
// GiB, TiB (powers of 1024). Whole numbers only; nullopt also for what 64 bits can't hold.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// "250ms", "30 s", "5min", "1h" -> nanoseconds. Units: ns, us, ms, s, min, h; a unit is required.
std::optional<std::int64_t> parse_duration(std::string_view text);

// The shortest exact form that the functions above read: "4 GiB", "1500 B"; "90s", "250ms".
std::string bytes_text(std::uint64_t bytes);
std::string duration_text(std::int64_t nanoseconds);

}  // namespace bulkhead::manifest
