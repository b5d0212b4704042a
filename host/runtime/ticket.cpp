#include "host/runtime/ticket.hpp"

namespace bulkhead::host {
namespace {

void refuse(wire::CallContext& context, const char* who, std::uint32_t limit, const char* key) {
  context.fail("refused early: the " + std::string(who) + " has " + std::to_string(limit) +
               " calls in flight, the most that " + key + " allows; try again later");
}

}  // namespace

Ticket::Ticket(PluginState& plugin, wire::CallContext& context) : plugin_(plugin) {
  if (!plugin_.in_flight.enter()) {
    refuse(context, "plugin", plugin_.in_flight.limit(), "limits.in_flight");
    return;
  }
  if (!plugin_.core->in_flight.enter()) {
    plugin_.in_flight.leave();
    refuse(context, "host", plugin_.core->in_flight.limit(), "limits.in_flight_total");
    return;
  }
  admitted_ = true;
}

Ticket::~Ticket() {
  if (!admitted_) return;
  plugin_.core->in_flight.leave();
  plugin_.in_flight.leave();
}

}  // namespace bulkhead::host
