#include "sdk/wire/codec.hpp"

#include <array>
#include <string>
#include <type_traits>

#include "sdk/wire/codec_messages.hpp"
#include "sdk/wire/outcome.hpp"

namespace bulkhead::wire {
namespace {

using namespace codec;

// One method: its place in the C table, and its structs on both sides.
template <auto Member, std::uint16_t Number, class CParams, class WireParams, class CResult,
          class WireResults>
struct Method {
  using Params = CParams;
  using Result = CResult;
  static constexpr std::uint16_t kNumber = Number;
  static constexpr bool kHasParams = !std::is_same_v<Params, NoParams>;

  static bh_status invoke(const bh_codec_v1& table, bh_call* call, bh_instance* instance,
                          const Params* params, Result* result) {
    if constexpr (kHasParams) {
      return (table.*Member)(call, instance, params, result);
    } else {
      return (table.*Member)(call, instance, result);
    }
  }
  static void write_params(const Params& params, capnp::AnyPointer::Builder message) {
    if constexpr (kHasParams) {
      codec::write(params, message.initAs<WireParams>());
    } else {
      message.initAs<WireParams>();
    }
  }
  static bool read_params(capnp::AnyPointer::Reader message, Scratch& scratch, Params& params) {
    if constexpr (kHasParams) {
      params.struct_size = sizeof params;
      using Read = decltype(codec::read(message.getAs<WireParams>(), scratch, params));
      if constexpr (std::is_same_v<Read, bool>) {
        return codec::read(message.getAs<WireParams>(), scratch, params);
      } else {
        codec::read(message.getAs<WireParams>(), scratch, params);
      }
    }
    return true;
  }
  static bh_status read_results(capnp::AnyPointer::Reader message, CallContext& context,
                                const Bounds& bounds, Result& result) {
    const bh_status status = codec::read(message.getAs<WireResults>(), context, result);
    if (status != BH_OK) return status;
    return valid(result, bounds, context) ? BH_OK : BH_PROTOCOL_ERROR;
  }
  static void write_results(const Result& result, capnp::AnyPointer::Builder message) {
    codec::write(result, message.initAs<WireResults>());
  }
  static MethodInfo describe(const char* name) {
    return {name,
            Number,
            capnp::Schema::from<WireParams>(),
            capnp::Schema::from<WireResults>(),
            std::is_same_v<Params, bh_codec_stream_params> ? "stream" : "",
            std::is_same_v<Result, bh_codec_stream_result> ? "stream" : ""};
  }
};

using Encode = Method<&bh_codec_v1::encode, BH_CODEC_ENCODE, bh_codec_encode_params, EncodeParams,
                      bh_codec_encode_result, EncodeResults>;
using Decode = Method<&bh_codec_v1::decode, BH_CODEC_DECODE, bh_codec_decode_params, DecodeParams,
                      bh_codec_bytes_result, BytesResults>;
using Tokenize = Method<&bh_codec_v1::tokenize, BH_CODEC_TOKENIZE, bh_codec_encode_params,
                        EncodeParams, bh_codec_tokenize_result, TokenizeResults>;
using Count = Method<&bh_codec_v1::count, BH_CODEC_COUNT, bh_codec_encode_params, EncodeParams,
                     bh_codec_count_result, CountResults>;
using EncodeBatch =
    Method<&bh_codec_v1::encode_batch, BH_CODEC_ENCODE_BATCH, bh_codec_encode_batch_params,
           EncodeBatchParams, bh_codec_encode_batch_result, EncodeBatchResults>;
using DecodeBatch =
    Method<&bh_codec_v1::decode_batch, BH_CODEC_DECODE_BATCH, bh_codec_decode_batch_params,
           DecodeBatchParams, bh_codec_tokenize_result, TokenizeResults>;
using StreamOpen = Method<&bh_codec_v1::stream_open, BH_CODEC_STREAM_OPEN, NoParams,
                          StreamOpenParams, bh_codec_stream_result, StreamOpenResults>;
using StreamPush = Method<&bh_codec_v1::stream_push, BH_CODEC_STREAM_PUSH, bh_codec_stream_params,
                          StreamParams, bh_codec_bytes_result, BytesResults>;
using StreamClose =
    Method<&bh_codec_v1::stream_close, BH_CODEC_STREAM_CLOSE, bh_codec_stream_params, StreamParams,
           bh_codec_bytes_result, BytesResults>;
using Info = Method<&bh_codec_v1::info, BH_CODEC_INFO, NoParams, InfoParams, bh_codec_info_result,
                    InfoResults>;

constexpr std::size_t kIndex = 0;

constexpr std::array kNames = {"encode",       "decode",       "tokenize",    "count",
                               "encode_batch", "decode_batch", "stream_open", "stream_push",
                               "stream_close", "info"};

[[gnu::noinline]] bh_status explained(bh_status status, CallContext& context, const char* label,
                                      std::uint16_t method) {
  if (status == BH_OK) return status;
  return explain(status, context, label, method < kNames.size() ? kNames[method] : "submit");
}

template <class M>
constexpr bool kUsesStream = std::is_same_v<typename M::Params, bh_codec_stream_params>;
template <class M>
constexpr bool kOpensStream = std::is_same_v<typename M::Result, bh_codec_stream_result>;

// What the plugin gets: the caller's own params, or a copy with the plugin's part of the handle.
template <class M>
auto for_run(const typename M::Params& params, CallContext& context)
    -> std::conditional_t<kUsesStream<M>, typename M::Params, const typename M::Params&> {
  context.set_run(0);
  if constexpr (kUsesStream<M>) {
    auto adjusted = params;
    context.set_run(run_of(params.stream));
    adjusted.stream = unmarked(params.stream);
    return adjusted;
  } else {
    return params;
  }
}

template <class M>
void mark_run(typename M::Result& result, const CallContext& context) {
  if constexpr (kOpensStream<M>) {
    result.stream = marked(result.stream, context.run());
  }
}

template <class M>
bool usable(const typename M::Params* params, const typename M::Result* result) {
  if (result == nullptr || result->struct_size < sizeof *result) return false;
  if constexpr (M::kHasParams) {
    return params != nullptr && params->struct_size >= sizeof *params;
  }
  return true;
}

[[gnu::noinline]] bh_status unusable(CallContext& context) {
  context.fail("params or result is null, or its struct_size is smaller than this host's header");
  return BH_INVALID_ARGUMENT;
}

[[gnu::noinline]] bh_status closed(CallContext& context) {
  context.fail("the host is closed");
  return BH_UNAVAILABLE;
}

// A call on the caller's own thread.
template <class M>
bh_status run_direct(const Endpoint& endpoint, const void* table, CallContext& context,
                     const typename M::Params& params, typename M::Result& result) {
  if (context.run() != 0 && context.run() != kFirstRun) {
    context.fail("there is no such stream");
    return BH_NOT_FOUND;
  }
  context.set_run(kFirstRun);
  context.begin_direct(endpoint.default_timeout, &endpoint.closed);
  const bh_status status = M::invoke(*static_cast<const bh_codec_v1*>(table), &context,
                                     endpoint.instance, &params, &result);
  if (status != BH_OK) return status;
  return valid(result, bounds(params), context) ? BH_OK : BH_PROTOCOL_ERROR;
}

// A call to where the plugin runs. Away from run(): its messages would cost a direct call their
// stack frame.
template <class M>
[[gnu::noinline]] bh_status run_channel(Channel& channel, CallContext& context,
                                        const typename M::Params& params,
                                        typename M::Result& result) {
  return channel.call(
      context, BH_CODEC_1, M::kNumber,
      [&](capnp::AnyPointer::Builder message) { M::write_params(params, message); },
      [&](CallContext& at, capnp::AnyPointer::Reader message) {
        return M::read_results(message, at, bounds(params), result);
      });
}

// A call through the given-out table, wherever the plugin runs.
template <class M>
bh_status run(bh_call* call, bh_instance* handle, const typename M::Params* params,
              typename M::Result* result) {
  Endpoint& endpoint = Endpoint::of(handle);
  CallContext& context = CallContext::of(call);
  bh_status status = BH_OK;
  if (endpoint.closed.load(std::memory_order_relaxed)) [[unlikely]] {
    status = closed(context);
  } else if (!usable<M>(params, result)) [[unlikely]] {
    status = unusable(context);
  } else {
    decltype(auto) adjusted = for_run<M>(*params, context);
    const void* table = endpoint.tables[kIndex];
    status = table != nullptr && !context.attended()
                 ? run_direct<M>(endpoint, table, context, adjusted, *result)
                 : run_channel<M>(*endpoint.channel, context, adjusted, *result);
    if (status == BH_OK) mark_run<M>(*result, context);
  }
  endpoint.counters->count(status != BH_OK);
  if (status == BH_OK) [[likely]]
    return status;
  return explained(status, context, endpoint.label, M::kNumber);
}

template <class M>
bh_status entry(bh_call* call, bh_instance* handle, const typename M::Params* params,
                typename M::Result* result) {
  return run<M>(call, handle, params, result);
}

template <class M>
bh_status entry_without_params(bh_call* call, bh_instance* handle, typename M::Result* result) {
  const NoParams none;
  return run<M>(call, handle, &none, result);
}

// A submitted call, from submit to its completion.
struct Submitted {
  Endpoint* endpoint;
  CallContext* context;
  std::uint16_t method;
  bh_completion done;

  static void finish(void* user, bh_status status) {
    const std::unique_ptr<Submitted> self(static_cast<Submitted*>(user));
    self->endpoint->counters->count(status != BH_OK);
    status = explained(status, *self->context, self->endpoint->label, self->method);
    self->done.fn(self->done.user, status);
  }
};

template <class M>
bh_status start(Endpoint& endpoint, CallContext& context, const void* params, void* result,
                bh_completion done) {
  const NoParams none;
  const typename M::Params* typed = nullptr;
  if constexpr (M::kHasParams) {
    typed = static_cast<const typename M::Params*>(params);
  } else {
    typed = &none;
  }
  auto* typed_result = static_cast<typename M::Result*>(result);
  if (!usable<M>(typed, typed_result)) return unusable(context);
  auto submitted = std::make_unique<Submitted>(Submitted{&endpoint, &context, M::kNumber, done});
  decltype(auto) adjusted = for_run<M>(*typed, context);
  const bh_status status = endpoint.channel->submit(
      context, BH_CODEC_1, M::kNumber,
      [&](capnp::AnyPointer::Builder message) { M::write_params(adjusted, message); },
      [typed_result, limits = bounds(adjusted)](CallContext& at,
                                                capnp::AnyPointer::Reader message) {
        const bh_status read = M::read_results(message, at, limits, *typed_result);
        if (read == BH_OK) mark_run<M>(*typed_result, at);
        return read;
      },
      {&Submitted::finish, submitted.get()});
  if (status == BH_OK) submitted.release();
  return status;
}

using Start = bh_status (*)(Endpoint&, CallContext&, const void*, void*, bh_completion);
constexpr std::array<Start, kNames.size()> kStarts = {
    start<Encode>,      start<Decode>,      start<Tokenize>,   start<Count>,
    start<EncodeBatch>, start<DecodeBatch>, start<StreamOpen>, start<StreamPush>,
    start<StreamClose>, start<Info>};

bh_status submit(bh_call* call, bh_instance* handle, std::uint32_t method, const void* params,
                 void* result, bh_completion done) {
  Endpoint& endpoint = Endpoint::of(handle);
  CallContext& context = CallContext::of(call);
  bh_status status = BH_OK;
  if (endpoint.closed.load(std::memory_order_relaxed)) {
    status = closed(context);
  } else if (method >= kStarts.size()) {
    context.fail("bulkhead.codec/1 has no method " + std::to_string(method));
    status = BH_INVALID_ARGUMENT;
  } else {
    status = kStarts[method](endpoint, context, params, result, done);
  }
  if (status == BH_OK) return status;
  endpoint.counters->count(true);
  return explained(status, context, endpoint.label, static_cast<std::uint16_t>(method));
}

constexpr bh_codec_v1 kTable = {
    sizeof(bh_codec_v1),
    0,
    entry<Encode>,
    entry<Decode>,
    entry<Tokenize>,
    entry<Count>,
    entry<EncodeBatch>,
    entry<DecodeBatch>,
    entry_without_params<StreamOpen>,
    entry<StreamPush>,
    entry<StreamClose>,
    entry_without_params<Info>,
    submit,
};

// The far side of a channel.
template <class M>
bh_status serve(const bh_codec_v1& table, bh_instance* instance, CallContext& context,
                capnp::AnyPointer::Reader params, capnp::AnyPointer::Builder results) {
  Scratch scratch;
  typename M::Params typed{};
  typename M::Result result{};
  result.struct_size = sizeof result;
  if (!M::read_params(params, scratch, typed)) {
    context.fail("the offsets do not ascend from 0 within the ids");
    return BH_INVALID_ARGUMENT;
  }
  const bh_status status = M::invoke(table, &context, instance, &typed, &result);
  if (status != BH_OK) return status;
  if (!valid(result, bounds(typed), context)) return BH_PROTOCOL_ERROR;
  M::write_results(result, results);
  return BH_OK;
}

using Serve = bh_status (*)(const bh_codec_v1&, bh_instance*, CallContext&,
                            capnp::AnyPointer::Reader, capnp::AnyPointer::Builder);
constexpr std::array<Serve, kNames.size()> kServes = {
    serve<Encode>,      serve<Decode>,      serve<Tokenize>,   serve<Count>,
    serve<EncodeBatch>, serve<DecodeBatch>, serve<StreamOpen>, serve<StreamPush>,
    serve<StreamClose>, serve<Info>};

template <class M>
bh_status check(CallContext& context, capnp::AnyPointer::Reader params,
                capnp::AnyPointer::Reader results) {
  Scratch scratch;
  typename M::Params typed{};
  typename M::Result result{};
  result.struct_size = sizeof result;
  if (!M::read_params(params, scratch, typed)) return BH_INVALID_ARGUMENT;
  return M::read_results(results, context, bounds(typed), result);
}

using Check = bh_status (*)(CallContext&, capnp::AnyPointer::Reader, capnp::AnyPointer::Reader);
constexpr std::array<Check, kNames.size()> kChecks = {
    check<Encode>,      check<Decode>,      check<Tokenize>,   check<Count>,
    check<EncodeBatch>, check<DecodeBatch>, check<StreamOpen>, check<StreamPush>,
    check<StreamClose>, check<Info>};

bh_status dispatch(const void* table, bh_instance* instance, CallContext& context,
                   std::uint16_t method, capnp::AnyPointer::Reader params,
                   capnp::AnyPointer::Builder results) {
  if (method >= kServes.size()) {
    context.fail("bulkhead.codec/1 has no method " + std::to_string(method));
    return BH_UNSUPPORTED;
  }
  return kServes[method](*static_cast<const bh_codec_v1*>(table), instance, context, params,
                         results);
}

// The method has been looked up in methods().
bh_status check_results(CallContext& context, std::uint16_t method,
                        capnp::AnyPointer::Reader params, capnp::AnyPointer::Reader results) {
  return kChecks[method](context, params, results);
}

std::string check_table(const void* table) {
  const auto& codec = *static_cast<const bh_codec_v1*>(table);
  if (codec.struct_size < sizeof(bh_codec_v1)) return "its table is smaller than the contract's";
  const std::array<bool, kNames.size()> missing = {
      codec.encode == nullptr,      codec.decode == nullptr,       codec.tokenize == nullptr,
      codec.count == nullptr,       codec.encode_batch == nullptr, codec.decode_batch == nullptr,
      codec.stream_open == nullptr, codec.stream_push == nullptr,  codec.stream_close == nullptr,
      codec.info == nullptr};
  std::string names;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i]) names += (names.empty() ? "" : ", ") + std::string(kNames[i]);
  }
  if (names.empty()) return {};
  return "its table has null for " + names + "; only submit may be null";
}

std::span<const MethodInfo> methods() {
  static const std::array all = {Encode::describe(kNames[0]),      Decode::describe(kNames[1]),
                                 Tokenize::describe(kNames[2]),    Count::describe(kNames[3]),
                                 EncodeBatch::describe(kNames[4]), DecodeBatch::describe(kNames[5]),
                                 StreamOpen::describe(kNames[6]),  StreamPush::describe(kNames[7]),
                                 StreamClose::describe(kNames[8]), Info::describe(kNames[9])};
  return all;
}

}  // namespace

InterfaceInfo codec_interface() {
  return {BH_CODEC_1, kIndex, &kTable, dispatch, check_results, check_table, methods};
}

}  // namespace bulkhead::wire
