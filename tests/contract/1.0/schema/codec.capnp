@0xd5f0a3927be6418c;
# Params and results of "bulkhead.codec/1": bulkhead/abi/codec.h as messages. Field by field the
# same meaning, units and errors as there. Method numbers: BH_CODEC_*.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::wire::codec");

struct Special {
  allowed @0 :UInt32;          # BH_SPECIAL_*
  disallowed @1 :UInt32;
  allowedList @2 :List(Text);
  disallowedList @3 :List(Text);
}

struct EncodeParams {          # encode, tokenize, count
  text @0 :Data;
  special @1 :Special;
  maxTokens @2 :UInt64;
  flags @3 :UInt32;            # BH_ENCODE_*
}

struct EncodeResults {
  ids @0 :List(UInt32);
  offsets @1 :List(UInt64);    # empty unless asked for
  truncated @2 :Bool;
}

struct DecodeParams {
  ids @0 :List(UInt32);
}

struct BytesResults {          # decode, stream push, stream close
  bytes @0 :Data;
}

struct TokenizeResults {       # tokenize, decode batch
  bytes @0 :Data;
  offsets @1 :List(UInt64);
}

struct CountResults {
  count @0 :UInt64;
  truncated @1 :Bool;
}

struct EncodeBatchParams {
  texts @0 :List(Data);
  special @1 :Special;
  threads @2 :UInt32;
}

struct EncodeBatchResults {
  ids @0 :List(UInt32);
  offsets @1 :List(UInt64);
}

struct DecodeBatchParams {
  ids @0 :List(UInt32);
  offsets @1 :List(UInt64);
  threads @2 :UInt32;
}

struct StreamOpenParams {}

struct StreamOpenResults {
  stream @0 :UInt64;
}

struct StreamParams {          # push, close
  stream @0 :UInt64;
  ids @1 :List(UInt32);
}

struct InfoParams {}

struct SpecialToken {
  text @0 :Text;
  id @1 :UInt32;
}

struct InfoResults {
  name @0 :Text;
  languages @1 :Text;
  vocabulary @2 :UInt64;
  maxId @3 :UInt64;
  maxTokenBytes @4 :UInt64;
  special @5 :List(SpecialToken);
}
