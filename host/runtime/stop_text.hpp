// The words for a call that was stopped, the same for every isolation.
#pragma once

#include <cstdint>
#include <string>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::host {

inline bh_status stop_status(wire::Stop stop) {
  return stop == wire::Stop::deadline ? BH_DEADLINE_EXCEEDED : BH_CANCELLED;
}

// "250 ms", "1.5 s".
inline std::string duration_text(std::int64_t nanoseconds) {
  if (nanoseconds < 1'000'000'000) return std::to_string(nanoseconds / 1'000'000) + " ms";
  std::string text = std::to_string(static_cast<double>(nanoseconds) / 1e9);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

// "the call was cancelled and ignored that for another 1 s".
inline std::string stop_text(wire::Stop stop, std::int64_t timeout, std::int64_t grace) {
  const std::string what = stop == wire::Stop::deadline
                               ? "the call ran past its time of " + duration_text(timeout)
                               : std::string("the call was cancelled");
  return what + " and ignored that for another " + duration_text(grace);
}

}  // namespace bulkhead::host
