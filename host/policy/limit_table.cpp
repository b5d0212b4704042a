#include "host/policy/limit_table.hpp"

#include <array>
#include <charconv>

#include "registry/manifest/quantity.hpp"

namespace bulkhead::policy {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1000 * kMillisecond;
constexpr std::uint64_t kHour = 3600 * kSecond;
constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kTiB = 1024 * kGiB;

constexpr const char* kTooShort = "a machine under load needs longer for any answer";
constexpr const char* kNoWork = "with none, no call could be made";

constexpr std::array kLimits = {
    LimitEntry{"call_timeout", Unit::duration, &Limits::call_timeout, kMillisecond, 720 * kHour,
               kTooShort, "a call must end some day; longer work belongs into a job"},
    LimitEntry{"grace", Unit::duration, &Limits::grace, kMillisecond, kHour,
               "a plugin needs a moment to see that its call was cancelled",
               "the caller waits for it after the deadline"},
    LimitEntry{"start_timeout", Unit::duration, &Limits::start_timeout, 100 * kMillisecond, kHour,
               "a process must start and load a library in it", "the first caller waits for it"},
    LimitEntry{"memory", Unit::size, &Limits::memory, 64 * kMiB, 64 * kTiB,
               "a cell needs that for itself: this is address space, not memory in use",
               "a process has no more address space"},
    LimitEntry{"output", Unit::size, &Limits::output, 4 * kKiB, kTiB, "error messages must fit",
               "a result must fit into the memory of the host"},
    LimitEntry{"frame", Unit::size, &Limits::frame, 64 * kKiB, 4 * kGiB,
               "the handshake between host and cell must fit",
               "a segment of a Cap'n Proto message can't be larger"},
    LimitEntry{"in_flight", Unit::count, &Limits::in_flight, 1, 65'536, kNoWork,
               "every waiting call holds memory in the host"},
    LimitEntry{"in_flight_total", Unit::count, &Limits::in_flight_total, 1, 1'048'576, kNoWork,
               "every waiting call holds memory in the host", true},
    LimitEntry{"threads", Unit::count, &Limits::threads, 4, 4096, "a cell needs some for itself",
               "that is far above the processors of any machine"},
    LimitEntry{"descriptors", Unit::count, &Limits::descriptors, 32, 65'536,
               "a cell needs some for itself", "kernels allow no more by default"},
    LimitEntry{"crashes", Unit::count, &Limits::crashes, 0, 1000, "it counts",
               "a plugin that crashes that often does not work"},
    LimitEntry{"crash_window", Unit::duration, &Limits::crash_window, kSecond, 24 * kHour,
               "restarts alone take longer", "a plugin would be punished for yesterday"},
};

}  // namespace

std::span<const LimitEntry> limit_table() { return kLimits; }

const LimitEntry* find_limit(std::string_view name) {
  for (const LimitEntry& entry : kLimits) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

void set_limit(Limits& limits, const LimitEntry& entry, std::uint64_t value) {
  std::visit(
      [&](auto field) {
        using Field = std::remove_reference_t<decltype(limits.*field)>;
        limits.*field = static_cast<Field>(value);
      },
      entry.field);
}

std::uint64_t get_limit(const Limits& limits, const LimitEntry& entry) {
  return std::visit([&](auto field) { return static_cast<std::uint64_t>(limits.*field); },
                    entry.field);
}

std::string limit_problem(const LimitEntry& entry, std::uint64_t value) {
  if (value < entry.minimum) {
    return "must be at least " + limit_text(entry, entry.minimum) + ", not " +
           limit_text(entry, value) + ": " + entry.minimum_reason;
  }
  if (value > entry.maximum) {
    return "must be at most " + limit_text(entry, entry.maximum) + ", not " +
           limit_text(entry, value) + ": " + entry.maximum_reason;
  }
  return "";
}

std::optional<std::uint64_t> parse_limit(const LimitEntry& entry, std::string_view text) {
  switch (entry.unit) {
    case Unit::duration:
      if (const auto duration = manifest::parse_duration(text)) {
        return static_cast<std::uint64_t>(*duration);
      }
      return std::nullopt;
    case Unit::size:
      return manifest::parse_bytes(text);
    case Unit::count:
      break;
  }
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return count;
}

const char* limit_form(const LimitEntry& entry) {
  switch (entry.unit) {
    case Unit::duration:
      return "a whole number with a unit (ns, us, ms, s, min, h), such as '60s'";
    case Unit::size:
      return "a size such as '512 MiB' or '4 GiB'";
    case Unit::count:
      break;
  }
  return "a whole number";
}

std::string limit_text(const LimitEntry& entry, std::uint64_t value) {
  switch (entry.unit) {
    case Unit::duration:
      return manifest::duration_text(static_cast<std::int64_t>(value));
    case Unit::size:
      return manifest::bytes_text(value);
    case Unit::count:
      break;
  }
  return std::to_string(value);
}

}  // namespace bulkhead::policy
