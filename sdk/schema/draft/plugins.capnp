@0xb1c54d2f80e937a6;
# Params and results of the service "bulkhead.plugins/1": bulkhead/abi/draft/plugins.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_PLUGINS_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::plugins");

using Common = import "common.capnp";

struct CallParams {
  plugin @0 :Text;
  interfaceName @1 :Text;
  method @2 :Text;
  params @3 :Data;               # JSON
  config @4 :List(Common.Entry);
}

struct CallResults {
  result @0 :Data;               # JSON
}
