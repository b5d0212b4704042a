@0xdc504a619f57c747;
# Params and results of the service "bulkhead.secrets/1": bulkhead/abi/draft/secrets.h as messages. Field by field the
# same meaning, units and errors as there. Methods by number: sign, has. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::secrets");

struct SignParams {
  secret @0 :Text;
  prefix @1 :Text;
  messages @2 :List(Data);
}

struct SignResults {
  signature @0 :Data;
}

struct HasParams {
  secret @0 :Text;
}

struct HasResults {
  present @0 :UInt32;
}
