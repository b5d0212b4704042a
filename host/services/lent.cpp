#include "host/services/lent.hpp"

namespace bulkhead::host {

std::vector<wire::LentService> lend_services(PluginState&) { return {}; }

}  // namespace bulkhead::host
