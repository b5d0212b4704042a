// "bulkhead.codec/1" over a channel: both sides of the marshalling.
#pragma once

#include "sdk/wire/interfaces.hpp"

namespace bulkhead::wire {

InterfaceInfo codec_interface();

}  // namespace bulkhead::wire
