@0xd4b8a1f26c5e9073;
# Params and results of "bulkhead.commands/1": bulkhead/abi/draft/commands.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_COMMANDS_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::commands");

using Common = import "common.capnp";

struct StartParams {
  key @0 :Text;
  tag @1 :Text;
  name @2 :Text;
  arguments @3 :List(Text);
  environment @4 :List(Common.Entry);
  timeoutNs @5 :Int64;
  workBytes @6 :UInt64;
  logBytes @7 :UInt64;
  memoryBytes @8 :UInt64;
  processes @9 :UInt32;
}

struct KeyParams {
  key @0 :Text;
}

struct StatusResults {
  state @0 :UInt32;
  reason @1 :UInt32;
  exitCode @2 :Int32;
  startedAt @3 :Int64;
  endedAt @4 :Int64;
  cpuNs @5 :UInt64;
  logBytes @6 :UInt64;
  logDropped @7 :UInt64;
  message @8 :Text;
}

struct LogsParams {
  key @0 :Text;
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
  key @0 :Text;
  graceNs @1 :Int64;
}

struct DestroyResults {
  gone @0 :UInt32;
}

struct ListParams {
  tag @0 :Text;
}

struct Owned {
  key @0 :Text;
  name @1 :Text;
  state @2 :UInt32;
  reason @3 :UInt32;
  exitCode @4 :Int32;
}

struct ListResults {
  commands @0 :List(Owned);
}
