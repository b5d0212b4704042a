// The services that the host lends to one instance, beside log, package, clock and files.
#pragma once

#include <vector>

#include "sdk/wire/service.hpp"

namespace bulkhead {
class PluginState;
}

namespace bulkhead::host {

// One for each of wire::service_bindings(): what was not granted is refused by the service itself.
std::vector<wire::LentService> lend_services(PluginState& plugin);

}  // namespace bulkhead::host
