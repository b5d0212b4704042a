// The structs of bulkhead/abi/codec.h as messages, and back.
//
// write() never fails but for memory. Reading params borrows from the message and from a Scratch.
// Reading results copies into memory of the call, because the message may come from a hostile peer
// and go away; BH_OUT_OF_MEMORY at the output limit. valid() holds a result against the contract:
// it is applied to what a plugin returned and to what came over a channel alike.
#pragma once

#include <bulkhead/abi/codec.h>

#include <memory>
#include <vector>

#include "sdk/schema/codec.capnp.h"
#include "sdk/wire/call_context.hpp"

namespace bulkhead::wire::codec {

// Arrays that live as long as the params they belong to.
class Scratch {
 public:
  template <class T>
  T* array(std::size_t count) {
    blocks_.push_back(std::make_unique<std::byte[]>(count * sizeof(T)));
    return reinterpret_cast<T*>(blocks_.back().get());
  }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

struct NoParams {};  // of methods that take none

// What a result is held against.
struct Bounds {
  std::uint64_t text_bytes = 0;
  std::uint64_t items = 0;
  bool offsets = false;  // they were asked for
};
inline Bounds bounds(const bh_codec_encode_params& params) {
  return {params.text.size, 0, (params.flags & BH_ENCODE_OFFSETS) != 0};
}
inline Bounds bounds(const bh_codec_encode_batch_params& params) {
  return {0, params.count, false};
}
inline Bounds bounds(const bh_codec_decode_batch_params& params) {
  return {0, params.count, false};
}
inline Bounds bounds(const NoParams&) { return {}; }
inline Bounds bounds(const bh_codec_decode_params&) { return {}; }
inline Bounds bounds(const bh_codec_stream_params&) { return {}; }

void write(const bh_codec_encode_params& params, EncodeParams::Builder message);
void write(const bh_codec_decode_params& params, DecodeParams::Builder message);
void write(const bh_codec_encode_batch_params& params, EncodeBatchParams::Builder message);
void write(const bh_codec_decode_batch_params& params, DecodeBatchParams::Builder message);
void write(const bh_codec_stream_params& params, StreamParams::Builder message);

void read(EncodeParams::Reader message, Scratch& scratch, bh_codec_encode_params& params);
void read(DecodeParams::Reader message, Scratch& scratch, bh_codec_decode_params& params);
void read(EncodeBatchParams::Reader message, Scratch& scratch,
          bh_codec_encode_batch_params& params);
// False when the offsets are not those of `ids`.
bool read(DecodeBatchParams::Reader message, Scratch& scratch,
          bh_codec_decode_batch_params& params);
void read(StreamParams::Reader message, Scratch& scratch, bh_codec_stream_params& params);

void write(const bh_codec_encode_result& result, EncodeResults::Builder message);
void write(const bh_codec_bytes_result& result, BytesResults::Builder message);
void write(const bh_codec_tokenize_result& result, TokenizeResults::Builder message);
void write(const bh_codec_count_result& result, CountResults::Builder message);
void write(const bh_codec_encode_batch_result& result, EncodeBatchResults::Builder message);
void write(const bh_codec_stream_result& result, StreamOpenResults::Builder message);
void write(const bh_codec_info_result& result, InfoResults::Builder message);

bh_status read(EncodeResults::Reader message, CallContext& context, bh_codec_encode_result& result);
bh_status read(BytesResults::Reader message, CallContext& context, bh_codec_bytes_result& result);
bh_status read(TokenizeResults::Reader message, CallContext& context,
               bh_codec_tokenize_result& result);
bh_status read(CountResults::Reader message, CallContext& context, bh_codec_count_result& result);
bh_status read(EncodeBatchResults::Reader message, CallContext& context,
               bh_codec_encode_batch_result& result);
bh_status read(StreamOpenResults::Reader message, CallContext& context,
               bh_codec_stream_result& result);
bh_status read(InfoResults::Reader message, CallContext& context, bh_codec_info_result& result);

bool valid(const bh_codec_encode_result& result, const Bounds& bounds, const CallContext& context);
bool valid(const bh_codec_bytes_result& result, const Bounds& bounds, const CallContext& context);
bool valid(const bh_codec_tokenize_result& result, const Bounds& bounds,
           const CallContext& context);
inline bool valid(const bh_codec_count_result& result, const Bounds&, const CallContext&) {
  return result.truncated <= 1;
}
bool valid(const bh_codec_encode_batch_result& result, const Bounds& bounds,
           const CallContext& context);
bool valid(const bh_codec_stream_result& result, const Bounds& bounds, const CallContext& context);
bool valid(const bh_codec_info_result& result, const Bounds& bounds, const CallContext& context);

}  // namespace bulkhead::wire::codec
