// bulkhead/sdk/error.hpp: how a plugin fails. Throw a PluginError; at the boundary of the library
// it becomes a status and the words for a person. No exception leaves the plugin.
#pragma once

#include <stdexcept>
#include <string>

#include <bulkhead/abi/core.h>

namespace bulkhead::sdk {

// `message` is one or more sentences for the person who must act: what was tried, why it failed,
// what to do. `status` is BH_INVALID_ARGUMENT and so on, or one of the kind's own (1000 and above).
class PluginError : public std::runtime_error {
 public:
  PluginError(bh_status status, const std::string& message)
      : std::runtime_error(message), status_(status == BH_OK ? bh_status{BH_INTERNAL} : status) {}
  bh_status status() const noexcept { return status_; }

 private:
  bh_status status_;
};

// The caller took the call back, or its time is up. Thrown by Call::check(): let it pass.
class Cancelled : public PluginError {
 public:
  explicit Cancelled(bh_status status)
      : PluginError(status, status == BH_DEADLINE_EXCEEDED ? "The deadline of the call has passed."
                                                           : "The caller cancelled the call.") {}
};

// A service of the host failed, and has given the words to the call: they are kept. what() is for
// the plugin's own eyes.
class HostError : public PluginError {
 public:
  using PluginError::PluginError;
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using sdk::PluginError;
}
