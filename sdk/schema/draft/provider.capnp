@0xcce5a24422236e12;
# Params and results of "bulkhead.provider/1-draft": bulkhead/abi/draft/provider.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_PROVIDER_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::provider");

using Common = import "common.capnp";

struct Job {
  name @0 :Text;
  tag @1 :Text;
  image @2 :Text;
  arguments @3 :List(Text);
  environment @4 :List(Common.Entry);
  gpu @5 :Text;
  gpuCount @6 :UInt64;
  gpuMemory @7 :UInt64;
  cpus @8 :UInt64;
  memory @9 :UInt64;
  timeoutNs @10 :Int64;
}

struct InfoResults {
  name @0 :Text;
  description @1 :Text;
}

struct QuoteParams {
  job @0 :Job;
}

struct QuoteResults {
  available @0 :UInt32;
  microsPerHour @1 :UInt64;
  currency @2 :Text;
  quotedAt @3 :Int64;
  validUntil @4 :Int64;
  note @5 :Text;
}

struct SubmitParams {
  intent @0 :Text;
  job @1 :Job;
}

struct FindParams {
  intent @0 :Text;
}

struct HandleResults {
  handle @0 :Data;
}

struct HandleParams {
  handle @0 :Data;
}

struct StatusResults {
  state @0 :UInt32;
  reason @1 :UInt32;
  exitCode @2 :Int32;
  startedAt @3 :Int64;
  endedAt @4 :Int64;
  microsSpent @5 :UInt64;
  message @6 :Text;
}

struct LogsParams {
  handle @0 :Data;
  after @1 :UInt64;
  maxBytes @2 :UInt64;
  waitNs @3 :Int64;
}

struct LogsResults {
  ended @0 :UInt32;
  next @1 :UInt64;
  bytes @2 :Data;
}

struct StopParams {
  handle @0 :Data;
  graceNs @1 :Int64;
}

struct DestroyResults {
  gone @0 :UInt32;
}

struct ListParams {
  tag @0 :Text;
}

struct OwnedJob {
  intent @0 :Text;
  handle @1 :Data;
  state @2 :UInt32;
}

struct ListResults {
  jobs @0 :List(OwnedJob);
}

struct HealthParams {
  after @0 :UInt64;
  waitNs @1 :Int64;
}

struct HealthResults {
  healthy @0 :UInt32;
  number @1 :UInt64;
  message @2 :Text;
}
