@0xf46bf290b2456e55;
# Params and results of "bulkhead.state/1": bulkhead/abi/draft/state.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_STATE_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::state");

struct SaveResults {
  version @0 :UInt32;
  bytes @1 :Data;
}

struct RestoreParams {
  version @0 :UInt32;
  bytes @1 :Data;
}
