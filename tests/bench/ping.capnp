@0xe39c41d0a5f2b786;
# The peer of a call into a cell: the same bytes in and the same answer out, over Cap'n Proto's own
# RPC and nothing else.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::bench");

interface Ping {
  count @0 CountParams -> CountResults;
}

struct CountParams {
  text @0 :Data;
}

struct CountResults {
  count @0 :UInt64;
}
