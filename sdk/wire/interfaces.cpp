#include "sdk/wire/interfaces.hpp"

#include <array>

#include "sdk/wire/codec.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

std::span<const InterfaceInfo> interfaces() {
  static const std::array all = {
      codec_interface(),    multimodal_interface(), compression_interface(), trainer_interface(),
      provider_interface(), events_interface(),     command_interface(),     state_interface()};
  return all;
}

const InterfaceInfo* find_interface(std::string_view name) {
  for (const InterfaceInfo& interface : interfaces()) {
    if (name == interface.name) return &interface;
  }
  return nullptr;
}

}  // namespace bulkhead::wire
