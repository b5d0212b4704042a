@0xd66761fe70c395a7;
# Params and results of "bulkhead.trainer/1-draft": bulkhead/abi/draft/trainer.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_TRAINER_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::trainer");

using Common = import "common.capnp";

struct InfoResults {
  name @0 :Text;
  description @1 :Text;
}

struct OpenParams {
  threads @0 :UInt32;
  seed @1 :UInt64;
  data @2 :List(Text);
  options @3 :List(Common.Entry);
}

struct RunResults {
  run @0 :UInt64;
}

struct RunParams {
  run @0 :UInt64;
}

struct StepParams {
  run @0 :UInt64;
  steps @1 :UInt64;
}

struct StepResults {
  paused @0 :UInt32;
  step @1 :UInt64;
  samples @2 :UInt64;
  loss @3 :Float64;
}

struct MetricsParams {
  maxPoints @0 :UInt32;
  run @1 :UInt64;
  after @2 :UInt64;
  waitNs @3 :Int64;
}

struct Metric {
  name @0 :Text;
  number @1 :UInt64;
  step @2 :UInt64;
  value @3 :Float64;
}

struct MetricsResults {
  points @0 :List(Metric);
}

struct FileParams {
  run @0 :UInt64;
  file @1 :Text;
}

struct CheckpointResults {
  step @0 :UInt64;
  bytes @1 :UInt64;
}

struct GenerateParams {
  run @0 :UInt64;
  seed @1 :UInt64;
  maxBytes @2 :UInt64;
  temperature @3 :Float64;
  prompt @4 :Data;
}

struct GenerateResults {
  probability @0 :Float64;
  answer @1 :Data;
}
