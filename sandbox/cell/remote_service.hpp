// A service of the host, as the cell sees it: over a capability.
#pragma once

#include <memory>

#include "sdk/schema/core.capnp.h"
#include "sdk/wire/service.hpp"

namespace bulkhead::cell {

class Server;

// Inside a turn. Its call() is for threads that run a call.
std::shared_ptr<wire::ServicePort> remote_service(Server& server,
                                                  wire::core::HostService::Client service);

}  // namespace bulkhead::cell
