@0xa9a7a0babec52f35;
# What several interfaces use.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::common");

struct Empty {}

struct Tensor {
  # A compact DLTensor in CPU memory, row-major.
  code @0 :UInt8;              # DLDataTypeCode
  bits @1 :UInt8;
  lanes @2 :UInt16;
  shape @3 :List(Int64);
  data @4 :Data;               # little endian
}

struct Entry {
  # bh_config_entry: `type` (BH_VALUE_*) says which of the others counts.
  key @0 :Text;
  type @1 :UInt32;
  integer @2 :Int64;
  number @3 :Float64;
  text @4 :Text;
}
