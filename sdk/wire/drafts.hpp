// The interfaces of bulkhead/abi/draft/, to be carried over a channel.
#pragma once

#include "sdk/wire/interfaces.hpp"

namespace bulkhead::wire {

InterfaceInfo multimodal_interface();
InterfaceInfo compression_interface();
InterfaceInfo trainer_interface();
InterfaceInfo provider_interface();
InterfaceInfo events_interface();
InterfaceInfo command_interface();
InterfaceInfo state_interface();

}  // namespace bulkhead::wire
