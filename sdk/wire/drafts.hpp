// The interfaces of bulkhead/abi/draft/, to be carried over a channel.
#pragma once

#include <array>

#include "sdk/wire/binding.hpp"

namespace bulkhead::wire {

InterfaceInfo multimodal_interface();
InterfaceInfo compression_interface();
InterfaceInfo trainer_interface();
InterfaceInfo provider_interface();
InterfaceInfo events_interface();
InterfaceInfo command_interface();
InterfaceInfo state_interface();

extern const InterfaceBinding kMultimodalBinding;
extern const InterfaceBinding kCompressionBinding;
extern const InterfaceBinding kTrainerBinding;
extern const InterfaceBinding kProviderBinding;
extern const InterfaceBinding kEventsBinding;
extern const InterfaceBinding kCommandBinding;
extern const InterfaceBinding kStateBinding;

inline std::array<const InterfaceBinding*, 7> draft_bindings() {
  return {&kMultimodalBinding, &kCompressionBinding, &kTrainerBinding, &kProviderBinding,
          &kEventsBinding,     &kCommandBinding,     &kStateBinding};
}

}  // namespace bulkhead::wire
