// A call admitted by the plugin's and the host's limits of calls in flight.
#pragma once

#include "host/runtime/state.hpp"

namespace bulkhead::host {

class Ticket {
 public:
  // Not admitted: the words are in the context, the status is BH_OVERLOADED.
  Ticket(PluginState& plugin, wire::CallContext& context);
  ~Ticket();
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  bool admitted() const { return admitted_; }

 private:
  PluginState& plugin_;
  bool admitted_ = false;
};

}  // namespace bulkhead::host
