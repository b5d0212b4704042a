@0x9de294da153e7e3e;
# Params and results of the service "bulkhead.http/1": bulkhead/abi/draft/http.h as messages. Field by field the same
# meaning, units and errors as there. Methods by number: request, read, close. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::http");

struct Header {
  name @0 :Text;
  value @1 :Text;
}

struct RequestParams {
  redirects @0 :UInt32;
  method @1 :Text;
  url @2 :Text;
  headers @3 :List(Header);
  body @4 :Data;
  secretHeader @5 :Text;
  secretPrefix @6 :Text;
  secret @7 :Text;
  maxBody @8 :UInt64;
}

struct RequestResults {
  status @0 :UInt32;
  headers @1 :List(Header);
  url @2 :Text;
  response @3 :UInt64;
}

struct ReadParams {
  max @0 :UInt32;
  response @1 :UInt64;
  position @2 :UInt64;
}

struct ReadResults {
  end @0 :UInt32;
  bytes @1 :Data;
}

struct CloseParams {
  response @0 :UInt64;
}
