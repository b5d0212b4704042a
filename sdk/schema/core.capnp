@0xb2a6e1f4c7d30951;
# The wire between a host and a cell: handshake, instances and calls of any kind.
#
# One contract: what the C ABI says of a method (bulkhead/abi/*.h) holds here too; these structs are
# that ABI as messages. Growth is append-only: ordinals and defaults never change, a retired method
# keeps its ordinal and answers `unsupported`.
#
# The transport is an inherited SOCK_STREAM socketpair. The peer of the host is hostile: the host
# reads each frame through a guard (sdk/wire/frame.hpp) before Cap'n Proto sees it.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::core");

using Services = import "files.capnp";

const wireVersion :UInt32 = 1;

# Interfaces have their type ids written out: programs in other languages hard-code them.

interface Cell @0xc394720e0a82a3f8 {
  # Served by the cell, bootstrap capability of the connection. Order: hello, load, open and call.

  hello @0 HelloParams -> HelloResults;
  # First call. Both sides check the version ranges; on a mismatch the cell still answers, so that
  # the host can say why.

  load @1 LoadParams -> LoadResults;
  # Opens the library under the load filter, queries the descriptor, then locks the cell.

  open @2 OpenParams -> OpenResults;
  # Makes an instance.

  close @3 CloseParams -> CloseResults;
  # Ends an instance. The host has no call of it in flight.

  call @4 CallParams -> CallResults;
  # Runs one method of one interface of an instance.

  cancel @5 CancelParams -> CancelResults;
  # Asks a call to stop. Unknown ids are ignored: the call may just have ended.
}

interface HostService @0xec637f1a239cb87b {
  # Served by the host: one service that it lends to one instance, as its header in bulkhead/abi/
  # describes it. The cell may have 16 calls of it in flight.

  call @0 ServiceCallParams -> CallResults;
  # Runs one method. The answer may take as long as the context's deadline allows.

  cancel @1 CancelParams -> CancelResults;
  # Asks a call to stop; it still answers. Unknown ids are ignored.
}

interface Events @0xe2b555f2eadccfb3 {
  # Served by the host: what a call in flight has to say. Answers are empty; the cell does not wait
  # for them.

  progress @0 ProgressParams -> EventResults;
  log @1 LogParams -> EventResults;
}

struct HelloParams {
  wireMin @0 :UInt32;
  wireMax @1 :UInt32;
  abiMin @2 :UInt32;           # BH_ABI_VERSION values
  abiMax @3 :UInt32;
  hostVersion @4 :Text;
  sanitizers @5 :UInt32;       # BH_SANITIZER_* of the host
  packageHash @6 :Data;        # sha256 of the package that the host verified
  features @7 :List(Text);     # "lane/1", "arena/1", ...: what the host can do
  limits @8 :Limits;
  events @9 :Events;
}

struct Limits {
  frameBytes @0 :UInt64;       # largest frame that each side accepts
  outputBytes @1 :UInt64;      # result memory of one call
  callsInFlight @2 :UInt32;
}

struct HelloResults {
  wireVersion @0 :UInt32;      # the chosen one; 0: none fits
  wireMin @1 :UInt32;
  wireMax @2 :UInt32;
  packageHash @3 :Data;        # as received
  features @4 :List(Text);     # the ones that both have
  sanitizers @5 :UInt32;       # BH_SANITIZER_* of the cell
}

struct Status {
  code @0 :Int32;              # bh_status
  message @1 :Text;            # for a person; at most 4096 bytes
}

struct LoadParams {
  library @0 :Text;            # path inside the cell's root
  dataFolder @1 :Text;         # path of the package's data/ inside the cell's root; empty: none
  isolation @2 :UInt32;        # BH_ISOLATION_*
}

struct LoadResults {
  status @0 :Status;
  descriptor @1 :Descriptor;
}

struct Descriptor {
  # The frozen prefix of bh_descriptor.
  abiMajor @0 :UInt16;
  abiMinor @1 :UInt16;
  minHostMinor @2 :UInt16;
  sanitizers @3 :UInt32;
  cudaMajor @4 :UInt32;
  compiler @5 :Text;
  id @6 :Text;
  version @7 :Text;
  interfaces @8 :List(Text);
  servicesRequired @9 :List(Text);
  servicesOptional @10 :List(Text);
}

struct ConfigEntry {
  key @0 :Text;
  value :union {
    boolean @1 :Bool;
    integer @2 :Int64;
    number @3 :Float64;
    text @4 :Text;
  }
}

struct OpenParams {
  context @0 :CallContext;
  config @1 :List(ConfigEntry);
  files @2 :Services.Files;    # what is granted to this instance
  services @3 :List(LentService);
}

struct LentService {
  name @0 :Text;               # "bulkhead.http/1"
  service @1 :HostService;
}

struct ServiceCallParams {
  context @0 :CallContext;     # its id is the cell's choice: unique among the calls of the service
  method @1 :UInt16;           # number of the method in the service's header
  params @2 :AnyPointer;       # the method's params struct
}

struct OpenResults {
  status @0 :Status;
  instance @1 :UInt32;         # 1, 2, ...
}

struct CloseParams {
  instance @0 :UInt32;
}

struct CloseResults {
  status @0 :Status;
}

struct CallContext {
  id @0 :UInt64;               # unique within the host
  deadline @1 :Int64;          # CLOCK_MONOTONIC, nanoseconds; 0: none
}

struct CallParams {
  context @0 :CallContext;
  instance @1 :UInt32;
  interface @2 :Text;          # "bulkhead.codec/1"
  method @3 :UInt16;           # number of the method in the interface's header
  params @4 :AnyPointer;       # the method's params struct
}

struct CallResults {
  status @0 :Status;
  results @1 :AnyPointer;      # the method's results struct; null unless status is BH_OK
}

struct CancelParams {
  id @0 :UInt64;
  reason @1 :UInt32;           # 0 or 1: the caller took it back; 2: its time is up
}

struct CancelResults {}

struct ProgressParams {
  id @0 :UInt64;
  done @1 :UInt64;
  total @2 :UInt64;
}

struct LogParams {
  id @0 :UInt64;               # call; 0: outside of a call
  level @1 :UInt32;            # BH_LOG_*
  line @2 :Text;
}

struct EventResults {}
