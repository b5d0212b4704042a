#include "sdk/wire/outcome.hpp"

#include <string>

namespace bulkhead::wire {
namespace {

std::string default_reason(bh_status status, const CallContext& context) {
  switch (status) {
    case BH_PROTOCOL_ERROR:
      return "the plugin returned a result that breaks the contract: sizes, offsets or memory that "
             "are not the call's; nothing of it was used";
    case BH_OUT_OF_MEMORY:
      return "the result is larger than limits.output of the policy allows (" +
             std::to_string(context.output_limit()) + " bytes)";
    case BH_CANCELLED:
      return "the call was cancelled";
    case BH_DEADLINE_EXCEEDED:
      return "the time for the call was up";
    default:
      return "the plugin gave no reason";
  }
}

}  // namespace

bh_status explain(bh_status status, CallContext& context, const char* label, const char* method,
                  bh_status own) {
  if (status == BH_OK) return status;
  std::string reason = context.error();
  const bool known = (status > BH_OK && status <= BH_UNAVAILABLE) || (own != 0 && status == own);
  if (!known) {
    if (reason.empty()) reason = "the plugin returned the unknown status " + std::to_string(status);
    status = BH_INTERNAL;
  }
  if (reason.empty()) reason = default_reason(status, context);
  context.fail(std::string(label) + ": " + method + ": " + reason);
  return status;
}

}  // namespace bulkhead::wire
