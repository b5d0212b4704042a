#include "host/services/lent.hpp"

#include <bulkhead/abi/draft/plugins.h>

#include "host/services/plugin_calls.hpp"

namespace bulkhead::host {

std::vector<wire::LentService> lend_services(PluginState& plugin) {
  return {{wire::find_service(BH_PLUGINS_1), PluginCalls::port(plugin.calls)}};
}

}  // namespace bulkhead::host
