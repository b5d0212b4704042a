#include "sdk/wire/outcome.hpp"

#include <bulkhead/abi/codec.h>

#include <string>

namespace bulkhead::wire {
namespace {

bool known(bh_status status) {
  return (status >= BH_OK && status <= BH_UNAVAILABLE) || status == BH_CODEC_DISALLOWED_SPECIAL;
}

// What a status says where the plugin said nothing.
std::string reason(bh_status status, const CallContext& context) {
  switch (status) {
    case BH_PROTOCOL_ERROR:
      return "the plugin returned a result that breaks the contract: sizes, offsets, figures, or "
             "memory that is not the call's; nothing of it was used";
    case BH_OUT_OF_MEMORY:
      return "the result is larger than limits.output of the policy allows (" +
             std::to_string(context.output_limit()) +
             " bytes), or there was no memory for it: a cell has what limits.memory gives it";
    case BH_CANCELLED:
      return "the call was cancelled";
    case BH_DEADLINE_EXCEEDED:
      return "the time for the call was up";
    default:
      return "the plugin gave no reason";
  }
}

}  // namespace

bh_status explain(bh_status status, CallContext& context, const char* label, const char* method) {
  std::string why = context.error();
  if (!known(status)) {
    if (why.empty()) why = "the plugin returned the unknown status " + std::to_string(status);
    status = BH_INTERNAL;
  }
  if (why.empty()) why = reason(status, context);
  context.fail(std::string(label) + ": " + method + ": " + why);
  return status;
}

}  // namespace bulkhead::wire
