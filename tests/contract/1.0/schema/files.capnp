@0xa41d3f6c8e0b7295;
# The service "bulkhead.files/1" (bulkhead/abi/draft/files.h) as a capability: a cell holds one for
# each instance, and reaches what was granted to that instance and nothing else.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::core");

struct FileStatus {
  code @0 :Int32;              # bh_status
  message @1 :Text;            # for a person
}

interface Files {
  # Served by the host. Dropping the capability closes all handles.

  open @0 OpenFileParams -> OpenFileResults;
  read @1 ReadFileParams -> ReadFileResults;
  create @2 CreateFileParams -> CreateFileResults;
  write @3 WriteFileParams -> FileResults;
  commit @4 FileParams -> FileResults;
  close @5 FileParams -> FileResults;
}

struct OpenFileParams {
  name @0 :Text;
}

struct OpenFileResults {
  status @0 :FileStatus;
  handle @1 :UInt64;
  size @2 :UInt64;
}

struct ReadFileParams {
  handle @0 :UInt64;
  offset @1 :UInt64;
  size @2 :UInt32;             # at most BH_FILES_MAX_TRANSFER
}

struct ReadFileResults {
  status @0 :FileStatus;
  bytes @1 :Data;
}

struct CreateFileParams {
  name @0 :Text;
}

struct CreateFileResults {
  status @0 :FileStatus;
  handle @1 :UInt64;
}

struct WriteFileParams {
  handle @0 :UInt64;
  bytes @1 :Data;
}

struct FileParams {
  handle @0 :UInt64;
}

struct FileResults {
  status @0 :FileStatus;
}
