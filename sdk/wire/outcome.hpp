// The full sentence of a call that failed.
#pragma once

#include <bulkhead/abi/core.h>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::wire {

// Gives a failure its plugin, method and reason, and the caller a status that it knows: above 17,
// `own` (0: none) is the only one.
bh_status explain(bh_status status, CallContext& context, const char* label, const char* method,
                  bh_status own = 0);

}  // namespace bulkhead::wire
