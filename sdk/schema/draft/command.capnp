@0xb6272e171f1607fd;
# Params and results of "bulkhead.command/1": bulkhead/abi/draft/command.h as messages. Field by field the same
# meaning, units and errors as there. Method numbers: BH_COMMAND_*. A draft, as the header is.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::command");

struct Command {
  name @0 :Text;
  summary @1 :Text;
  help @2 :Text;
}

struct ListResults {
  commands @0 :List(Command);
}

struct RunParams {
  terminal @0 :UInt32;
  name @1 :Text;
  arguments @2 :List(Text);
  input @3 :Data;
}

struct RunResults {
  exitCode @0 :Int32;
  output @1 :Data;
  errors @2 :Data;
}
