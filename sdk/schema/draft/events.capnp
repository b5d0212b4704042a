@0xbe9b3beee5781293;
# Params and results of "bulkhead.events/1": bulkhead/abi/draft/events.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_EVENTS_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::events");

using Common = import "common.capnp";

struct Subscription {
  event @0 :Text;
  priority @1 :UInt32;
  blocking @2 :UInt32;
}

struct SubscriptionsResults {
  subscriptions @0 :List(Subscription);
}

struct HandleParams {
  id @0 :UInt64;
  event @1 :Text;
  source @2 :Text;
  fields @3 :List(Common.Entry);
}

struct HandleResults {
  veto @0 :UInt32;
  changed @1 :List(Common.Entry);
}
