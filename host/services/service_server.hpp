// The capability by which a cell uses a service that the host lends to one of its instances.
#pragma once

#include <functional>
#include <memory>

#include "host/services/background.hpp"
#include "sdk/schema/core.capnp.h"
#include "sdk/wire/service.hpp"

namespace bulkhead::host {

// What a service needs of the connection that it serves.
struct ServiceHome {
  Workers& workers;
  EnterTurns enter;
  // Asks the call to stop when the connection ends. Inside a turn.
  std::function<void(std::weak_ptr<wire::CallContext>)> stop_at_end;
  // Runs later, without the connection's lock.
  std::function<void(std::function<void()>)> post;
  std::int64_t call_timeout;   // nanoseconds, of calls that bring no deadline
  std::uint64_t output_limit;  // bytes, of the results of one call and of its params
};

// Made inside a turn. Calls run on the home's workers, with a context of their own.
wire::core::HostService::Client make_service_server(wire::LentService service, ServiceHome home);

}  // namespace bulkhead::host
