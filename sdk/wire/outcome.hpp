// How a call ended, for the person who reads it.
#pragma once

#include <bulkhead/abi/core.h>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::wire {

// Gives a failure its full sentence: plugin, method, reason. Returns its status; a status that no
// header names becomes BH_INTERNAL. Not for BH_OK.
bh_status explain(bh_status status, CallContext& context, const char* label, const char* method);

}  // namespace bulkhead::wire
