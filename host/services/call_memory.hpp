// Results of a service's C table: memory of the call, and the words of an error.
#pragma once

#include <bulkhead/abi/call.h>

#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "host/services/service_outcome.hpp"

namespace bulkhead::host {

inline std::string_view view(bh_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}
inline std::string_view view(bh_bytes bytes) {
  return bytes.size == 0 ? std::string_view()
                         : std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

// A copy in the call's memory. False: the limit of the call is reached.
inline bool copy_to(bh_call* call, std::string_view from, const char*& data, std::size_t& size) {
  data = nullptr;
  size = 0;
  if (from.empty()) return true;
  void* memory = call->fn->allocate(call, from.size());
  if (memory == nullptr) return false;
  std::memcpy(memory, from.data(), from.size());
  data = static_cast<const char*>(memory);
  size = from.size();
  return true;
}
inline bool copy_to(bh_call* call, std::string_view from, bh_text& to) {
  return copy_to(call, from, to.data, to.size);
}
inline bool copy_to(bh_call* call, std::string_view from, bh_bytes& to) {
  const char* data = nullptr;
  const bool copied = copy_to(call, from, data, to.size);
  to.data = reinterpret_cast<const std::uint8_t*>(data);
  return copied;
}

inline bh_status settle(bh_call* call, const ServiceOutcome& outcome) {
  if (outcome.status != BH_OK && !outcome.message.empty()) {
    call->fn->fail(call, {outcome.message.data(), outcome.message.size()});
  }
  return outcome.status;
}

// Nothing may be thrown through the C table.
template <class Work>
bh_status guarded(bh_call* call, Work&& work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return settle(call, {BH_OUT_OF_MEMORY, "memory ran out in the host"});
  } catch (const std::exception& error) {
    return settle(call, {BH_INTERNAL, error.what()});
  }
}

inline ShouldStop stop_of(bh_call* call) {
  return [call] { return call->fn->should_stop(call); };
}

}  // namespace bulkhead::host
