#include "sdk/wire/interfaces.hpp"

#include <array>

#include "sdk/wire/codec.hpp"

namespace bulkhead::wire {

std::span<const InterfaceInfo> interfaces() {
  static const std::array<InterfaceInfo, 1> all = {codec_interface()};
  return all;
}

const InterfaceInfo* find_interface(std::string_view name) {
  for (const InterfaceInfo& interface : interfaces()) {
    if (name == interface.name) return &interface;
  }
  return nullptr;
}

}  // namespace bulkhead::wire
