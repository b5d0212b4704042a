// Any method by name, JSON in and JSON out, by the schemas.
#pragma once

#include <string>
#include <string_view>

#include "host/runtime/call.hpp"

namespace bulkhead::host {

// Throws Error.
std::string call_json(InstanceState& instance, Call& call, std::string_view interface,
                      std::string_view method, std::string_view params);

}  // namespace bulkhead::host
