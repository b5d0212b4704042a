@0xe929110585bd5749;
# Params and results of "bulkhead.multimodal/1-draft": bulkhead/abi/draft/multimodal.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_MULTIMODAL_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::multimodal");

using Common = import "common.capnp";

struct Format {
  mediaType @0 :Text;
  output @1 :Text;
}

struct InfoResults {
  name @0 :Text;
  formats @1 :List(Format);
}

struct Item {
  bytes @0 :Data;
  mediaType @1 :Text;
}

struct Facts {
  mediaType @0 :Text;
  width @1 :UInt64;
  height @2 :UInt64;
  channels @3 :UInt64;
  frames @4 :UInt64;
  sampleRate @5 :UInt64;
  bytes @6 :UInt64;
}

struct LoadParams {
  threads @0 :UInt32;
  items @1 :List(Item);
}

struct NamedTensor {
  name @0 :Text;
  tensor @1 :Common.Tensor;
}

struct Tensors {
  facts @0 :Facts;
  tensors @1 :List(NamedTensor);
}

struct LoadResults {
  items @0 :List(Tensors);
}

struct ProbeResults {
  items @0 :List(Facts);
}
