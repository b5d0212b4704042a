// The structs and methods of the service "bulkhead.plugins/1".
#include <bulkhead/abi/draft/plugins.h>

#include "sdk/schema/draft/plugins.capnp.h"
#include "sdk/wire/service.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_plugins_call_params>() {
  static const Layout self = describe<bh_plugins_call_params>(
      {BULKHEAD_FIELD(bh_plugins_call_params, plugin),
       BULKHEAD_FIELD(bh_plugins_call_params, interface_name),
       BULKHEAD_FIELD(bh_plugins_call_params, method),
       BULKHEAD_FIELD(bh_plugins_call_params, params),
       BULKHEAD_LIST(bh_plugins_call_params, config, config_count)});
  return self;
}

template <>
const Layout& layout<bh_plugins_call_result>() {
  static const Layout self =
      describe<bh_plugins_call_result>({BULKHEAD_FIELD(bh_plugins_call_result, result)});
  return self;
}

namespace {

using namespace plugins;
using Table = bh_plugins_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::call, CallParams, CallResults>("call", BH_PLUGINS_CALL),
};

}  // namespace

extern const ServiceBinding kPluginsService;

namespace {

constexpr Table kFunctions = {sizeof(Table), 0,
                              service_entry<kPluginsService, &Table::call, BH_PLUGINS_CALL>};

}  // namespace

constexpr ServiceBinding kPluginsService = {{BH_PLUGINS_1, 0, sizeof(Table), kMethods},
                                            give<Table, kFunctions>};

}  // namespace bulkhead::wire
