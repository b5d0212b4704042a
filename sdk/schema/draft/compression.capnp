@0xa66e986d602ee3a2;
# Params and results of "bulkhead.compression/1-draft": bulkhead/abi/draft/compression.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_COMPRESSION_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::compression");

using Common = import "common.capnp";

struct Method {
  name @0 :Text;
  description @1 :Text;
}

struct InfoResults {
  name @0 :Text;
  methods @1 :List(Method);
}

struct Params {
  threads @0 :UInt32;
  method @1 :Text;
  model @2 :Text;
  output @3 :Text;
  calibration @4 :List(Text);
  options @5 :List(Common.Entry);
}

struct EstimateResults {
  inputBytes @0 :UInt64;
  outputBytes @1 :UInt64;
  tensors @2 :UInt64;
  parameters @3 :UInt64;
}

struct Tensor {
  name @0 :Text;
  before @1 :Text;
  after @2 :Text;
  parameters @3 :UInt64;
  bytesBefore @4 :UInt64;
  bytesAfter @5 :UInt64;
  maxError @6 :Float64;
  rmsError @7 :Float64;
}

struct CompressResults {
  inputBytes @0 :UInt64;
  outputBytes @1 :UInt64;
  parameters @2 :UInt64;
  bitsPerParameter @3 :Float64;
  tensors @4 :List(Tensor);
}
