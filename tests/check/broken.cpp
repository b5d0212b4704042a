// A codec that keeps the contract, and one rule of it not: which one, its configuration says
// ("break"). Every byte is a token.
#include <sys/eventfd.h>
#include <bulkhead/abi/draft/state.h>
#include <bulkhead/sdk/codec.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

namespace {

using bulkhead::sdk::Entry;

std::string to_break(const bulkhead::sdk::Config& config) {
  return std::string(config.text("break"));
}

// What can be broken behind the C ABI.
class Bytes : public bulkhead::Codec {
 public:
  explicit Bytes(const Open& open) : round_trip_(to_break(open.config) == "codec.round_trip") {}

  Encoded encode(const Call& call, std::string_view text,
                 const EncodeRequest& request) const override {
    Encoded result;
    for (const unsigned char byte : text) {
      if (request.max_tokens != 0 && result.ids.size() == request.max_tokens) {
        result.truncated = true;
        break;
      }
      if (result.ids.size() % 4096 == 0) call.check();
      result.ids.push_back(byte);
    }
    return result;
  }
  std::string decode(const Call&, std::span<const std::uint32_t> ids) const override {
    std::string text;
    for (const std::uint32_t id : ids) {
      if (id > 255)
        throw PluginError(BH_INVALID_ARGUMENT, "id " + std::to_string(id) + " is no byte");
      text += round_trip_ && id == 'o' ? 'O' : static_cast<char>(id);
    }
    return text;
  }
  CodecFacts info() const override {
    return {.name = "bytes", .vocabulary = 256, .max_id = 255, .max_token_bytes = 1};
  }

 private:
  const bool round_trip_;
};

// Around the good instance. Its functions ask first whether they are the broken one.
struct Broken {
  std::string rule;
  bh_instance* good = nullptr;
  std::atomic<int> inside{0};
  std::atomic<unsigned> calls{0};
  bool is(const char* name) const { return rule == name; }
};
Broken& of(bh_instance* instance) { return *reinterpret_cast<Broken*>(instance); }

const bh_codec_v1& good(bh_instance* instance) {
  return *static_cast<const bh_codec_v1*>(
      Entry<Bytes>::get_interface(of(instance).good, BH_CODEC_1));
}

std::atomic<std::uint32_t> isolation{BH_ISOLATION_CELL};
std::atomic<int> instances{0};
std::atomic<int> left_behind{0};
constexpr int kMostLeftBehind = 30;  // a cell has limits of its own

bh_status fail(bh_call* call, bh_status status, const std::string& words) {
  call->fn->fail(call, {words.data(), words.size()});
  return status;
}

// Goes on until the caller takes one kind of stop for an answer.
bh_status work_until(bh_call* call, bh_status obeyed) {
  while (call->fn->should_stop(call) != obeyed)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return obeyed;
}

bh_status encode(bh_call* call, bh_instance* instance, const bh_codec_encode_params* params,
                 bh_codec_encode_result* result) {
  Broken& self = of(instance);
  const bool is_long = params->text.size > (5u << 19);
  if (self.is("call.deadline") && is_long) return work_until(call, BH_CANCELLED);
  if (self.is("call.cancel") && is_long) return work_until(call, BH_DEADLINE_EXCEEDED);
  if (self.is("call.survives") && params->max_tokens == UINT64_MAX) std::abort();
  if (self.is("call.huge") && params->text.size > (1u << 20) && !is_long) std::abort();
  if (self.is("call.leak")) {
    auto* leaked = static_cast<volatile char*>(std::malloc(1024));
    leaked[0] = 1;
    leaked[1023] = 1;
  }
  if (self.is("log.quiet")) {
    std::puts("encoding now");
    std::fflush(stdout);
  }
  const bh_status status = good(instance).encode(call, self.good, params, result);
  if (status != BH_OK) return status;
  if (self.is("codec.max_tokens")) result->truncated = 0;
  if (self.is("codec.offsets") && result->offsets != nullptr && result->count > 1)
    const_cast<std::uint64_t*>(result->offsets)[1] = 0;
  return status;
}

bh_status decode(bh_call* call, bh_instance* instance, const bh_codec_decode_params* params,
                 bh_codec_bytes_result* result) {
  Broken& self = of(instance);
  static const std::uint8_t own[] = "abcdefgh";
  if (self.is("call.answers") && params->count > 0 && params->ids[0] < 256)
    return fail(call, BH_INTERNAL, "there is no decoding today");
  if (self.is("codec.unknown_id") && params->count > 0 && params->ids[0] > 255)
    return fail(call, BH_INVALID_ARGUMENT, "one of the ids is no byte");
  if (self.is("call.ownership") && params->count > 0 && params->ids[0] < 256) {
    result->bytes = {own, 8};
    return BH_OK;
  }
  return good(instance).decode(call, self.good, params, result);
}

bh_status tokenize(bh_call* call, bh_instance* instance, const bh_codec_encode_params* params,
                   bh_codec_tokenize_result* result) {
  Broken& self = of(instance);
  if (self.is("call.exceptions") && params->max_tokens == UINT64_MAX)
    throw std::runtime_error("so many tokens");
  const bh_status status = good(instance).tokenize(call, self.good, params, result);
  if (status == BH_OK && self.is("codec.pieces") && result->count > 0) {
    --result->count;
    result->bytes.size = result->offsets[result->count];
  }
  return status;
}

bh_status count(bh_call* call, bh_instance* instance, const bh_codec_encode_params* params,
                bh_codec_count_result* result) {
  Broken& self = of(instance);
  if (self.is("call.status") && params->text.size == 0) return 4242;
  const bh_status status = good(instance).count(call, self.good, params, result);
  if (self.is("codec.count") && params->text.size == 12) ++result->count;
  if (self.is("call.threads")) {
    if (++self.inside > 1) ++result->count;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --self.inside;
  }
  return status;
}

bh_status encode_batch(bh_call* call, bh_instance* instance,
                       const bh_codec_encode_batch_params* params,
                       bh_codec_encode_batch_result* result) {
  Broken& self = of(instance);
  const bh_status status = good(instance).encode_batch(call, self.good, params, result);
  if (status == BH_OK && self.is("codec.batches") && result->id_count > 0)
    const_cast<std::uint32_t*>(result->ids)[0] ^= 1;
  return status;
}

bh_status decode_batch(bh_call* call, bh_instance* instance,
                       const bh_codec_decode_batch_params* params,
                       bh_codec_tokenize_result* result) {
  return good(instance).decode_batch(call, of(instance).good, params, result);
}

bh_status stream_open(bh_call* call, bh_instance* instance, bh_codec_stream_result* result) {
  return good(instance).stream_open(call, of(instance).good, result);
}

bh_status stream_push(bh_call* call, bh_instance* instance, const bh_codec_stream_params* params,
                      bh_codec_bytes_result* result) {
  Broken& self = of(instance);
  const bh_status status = good(instance).stream_push(call, self.good, params, result);
  if (status == BH_OK && self.is("codec.streams")) {
    const bh_codec_decode_params whole = {sizeof whole, 0, params->ids, params->count};
    return good(instance).decode(call, self.good, &whole, result);
  }
  if (status == BH_NOT_FOUND && self.is("call.error_text")) return fail(call, status, "");
  return status;
}

bh_status stream_close(bh_call* call, bh_instance* instance, const bh_codec_stream_params* params,
                       bh_codec_bytes_result* result) {
  Broken& self = of(instance);
  const bh_status status = good(instance).stream_close(call, self.good, params, result);
  return status == BH_NOT_FOUND && self.is("codec.closed_stream") ? BH_OK : status;
}

bh_status info(bh_call* call, bh_instance* instance, bh_codec_info_result* result) {
  Broken& self = of(instance);
  const bh_status status = good(instance).info(call, self.good, result);
  if (self.is("codec.info")) result->max_token_bytes = 0;
  std::string name;
  if (self.is("call.determinism")) name = "bytes " + std::to_string(++self.calls);
  if (self.is("isolation.equal") && isolation == BH_ISOLATION_IN_PROCESS) name = "in process";
  if (self.is("isolation.crash") && isolation == BH_ISOLATION_IN_PROCESS) std::abort();
  if (status == BH_OK && !name.empty()) {
    auto* copy = static_cast<char*>(call->fn->allocate(call, name.size()));
    if (copy == nullptr) return BH_OUT_OF_MEMORY;
    std::memcpy(copy, name.data(), name.size());
    result->name = {copy, name.size()};
  }
  return status;
}

constexpr bh_codec_v1 kCodec = {
    sizeof(bh_codec_v1), 0,           encode,      decode,       tokenize, count,  encode_batch,
    decode_batch,        stream_open, stream_push, stream_close, info,     nullptr};

bh_status save(bh_call*, bh_instance*, const bh_empty*, bh_state_result*) { return BH_OK; }
bh_status restore(bh_call*, bh_instance*, const bh_state_params*, bh_empty*) { return BH_OK; }
constexpr bh_state_v1 kState = {sizeof(bh_state_v1), 0, save, restore, nullptr};

void leave_behind(const Broken& self) {
  if (self.is("close.memory")) {
    for (int i = 0; i < 16; ++i) {
      auto* page = static_cast<volatile char*>(std::malloc(4096));
      page[0] = 1;
    }
  }
  if (left_behind >= kMostLeftBehind) return;
  if (self.is("close.threads")) {
    ++left_behind;
    std::thread([] {
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    }).detach();
  }
  if (self.is("close.descriptors")) {
    ++left_behind;
    if (eventfd(0, EFD_CLOEXEC) < 0) std::abort();
  }
}

bh_status open(bh_call* call, const bh_open_params* params, bh_instance** out) {
  auto broken = std::make_unique<Broken>();
  const bulkhead::sdk::Config config(params->config, params->config_count);
  broken->rule = to_break(config);
  if (broken->is("open.config") && config.integer("level") == 10) std::abort();
  if (broken->is("open.many") && instances > 0)
    return fail(call, BH_OVERLOADED, "there is an instance already");
  const bh_status status = Entry<Bytes>::open(call, params, &broken->good);
  if (status != BH_OK) return status;
  ++instances;
  leave_behind(*broken);
  *out = reinterpret_cast<bh_instance*>(broken.release());
  return BH_OK;
}

void close(bh_instance* instance) {
  --instances;
  Entry<Bytes>::close(of(instance).good);
  delete &of(instance);
}

const void* get_interface(bh_instance* instance, const char* name) {
  if (std::strcmp(name, BH_CODEC_1) == 0) return &kCodec;
  if (std::strcmp(name, BH_STATE_1) == 0 && of(instance).is("abi.interfaces")) return &kState;
  return nullptr;
}

constexpr const char* kInterfaces[] = {BH_CODEC_1, nullptr};
constexpr bh_descriptor kDescriptor = {
    BH_DESCRIPTOR_PREFIX(BULKHEAD_PLUGIN_ID, BULKHEAD_PLUGIN_VERSION, kInterfaces, nullptr,
                         nullptr),
    open, close, get_interface};

}  // namespace

extern "C" BH_EXPORT const bh_descriptor* bulkhead_query(const bh_query* query) {
  isolation = query->isolation;
  return &kDescriptor;
}

#ifdef BROKEN_EXPORTS
extern "C" BH_EXPORT int another_symbol() { return 1; }
#endif
