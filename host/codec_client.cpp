#include <bulkhead/codec_client.hpp>

#include "host/runtime/client.hpp"

namespace bulkhead {
namespace {

using host::sized;

bh_bytes bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text(const bh_bytes& from) {
  return {reinterpret_cast<const char*>(from.data), from.size};
}

// Special-token rules in the form of the C table; borrows from `rules`.
class SpecialRules {
 public:
  explicit SpecialRules(const SpecialTokens& rules)
      : allowed_(borrow(rules.allowed)), disallowed_(borrow(rules.disallowed)) {
    value_.allowed = mode(rules.allow_all, allowed_);
    value_.disallowed = mode(rules.disallow_all, disallowed_);
    value_.allowed_list = allowed_.data();
    value_.allowed_count = allowed_.size();
    value_.disallowed_list = disallowed_.data();
    value_.disallowed_count = disallowed_.size();
  }
  const bh_codec_special& value() const { return value_; }

 private:
  static std::vector<bh_text> borrow(const std::vector<std::string>& texts) {
    std::vector<bh_text> list;
    for (const std::string& one : texts) list.push_back({one.data(), one.size()});
    return list;
  }
  static std::uint32_t mode(bool all, const std::vector<bh_text>& list) {
    if (all) return BH_SPECIAL_ALL;
    return list.empty() ? BH_SPECIAL_NONE : BH_SPECIAL_LIST;
  }
  const std::vector<bh_text> allowed_, disallowed_;
  bh_codec_special value_{};
};

bh_codec_encode_params encode_params(std::string_view source, const EncodeOptions& options,
                                     const SpecialRules& special) {
  bh_codec_encode_params params{};
  params.struct_size = sizeof params;
  params.text = bytes(source);
  params.special = special.value();
  params.max_tokens = options.max_tokens;
  return params;
}

CodecClient::Ids take(const bh_codec_encode_result& result) {
  return {result.ids, result.ids + result.count};
}

std::string take(const bh_codec_bytes_result& result) { return text(result.bytes); }

// An asynchronous call: everything that must live until its completion.
template <class Result, class Value>
struct Pending {
  Pending(Instance of, PluginState& plugin, const CallOptions& options,
          std::function<void(Outcome<Value>)> then)
      : instance(std::move(of)), call(plugin, options), done(std::move(then)) {}

  static void complete(void* user, bh_status status) {
    std::unique_ptr<Pending> self(static_cast<Pending*>(user));
    Outcome<Value> outcome;
    outcome.status = static_cast<Status>(status);
    if (status == BH_OK) {
      outcome.value = take(self->result);
    } else {
      outcome.message = self->call.error();
    }
    const auto then = std::move(self->done);
    self.reset();
    then(std::move(outcome));
  }

  Instance instance;
  host::Call call;
  Result result = sized<Result>();
  std::function<void(Outcome<Value>)> done;
};

template <class Value>
std::function<void(Outcome<Value>)> fulfil(const std::shared_ptr<std::promise<Value>>& promise) {
  return [promise](Outcome<Value> outcome) {
    if (outcome.status == Status::ok) {
      promise->set_value(std::move(outcome.value));
    } else {
      promise->set_exception(std::make_exception_ptr(Error(outcome.status, outcome.message)));
    }
  };
}

template <class Result, class Value>
void submit(const Instance& instance, const bh_codec_v1& table, std::uint32_t method,
            const void* params, const CallOptions& options,
            std::function<void(Outcome<Value>)> done) {
  using P = Pending<Result, Value>;
  auto pending =
      std::make_unique<P>(instance, HostAccess::plugin(instance), options, std::move(done));
  P* raw = pending.get();
  const bh_status status = table.submit(&raw->call, instance.handle(), method, params, &raw->result,
                                        {&P::complete, raw});
  raw = nullptr;
  if (status == BH_OK) {
    pending.release();
  } else {
    pending->call.check(status);
  }
}

}  // namespace

CodecClient::CodecClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_codec_v1>(instance_, BH_CODEC_1, "codec")) {}

CodecClient::Ids CodecClient::encode(std::string_view source, const EncodeOptions& options,
                                     const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  const SpecialRules special(options.special);
  const auto params = encode_params(source, options, special);
  auto result = sized<bh_codec_encode_result>();
  call.check(table_->encode(&call, instance_.handle(), &params, &result));
  return take(result);
}

Encoding CodecClient::encode_with_offsets(std::string_view source, const EncodeOptions& options,
                                          const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  const SpecialRules special(options.special);
  auto params = encode_params(source, options, special);
  params.flags = BH_ENCODE_OFFSETS;
  auto result = sized<bh_codec_encode_result>();
  call.check(table_->encode(&call, instance_.handle(), &params, &result));
  Encoding encoding;
  encoding.ids = take(result);
  if (result.offsets != nullptr) {
    encoding.offsets.assign(result.offsets, result.offsets + result.count + 1);
  }
  encoding.truncated = result.truncated != 0;
  return encoding;
}

std::string CodecClient::decode(std::span<const std::uint32_t> ids,
                                const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  const bh_codec_decode_params params = {sizeof params, 0, ids.data(), ids.size()};
  auto result = sized<bh_codec_bytes_result>();
  call.check(table_->decode(&call, instance_.handle(), &params, &result));
  return take(result);
}

namespace {

std::vector<std::string> take_pieces(const bh_codec_tokenize_result& result) {
  std::vector<std::string> pieces;
  pieces.reserve(result.count);
  for (std::size_t i = 0; i < result.count; ++i) {
    pieces.push_back(text({result.bytes.data + result.offsets[i],
                           static_cast<std::size_t>(result.offsets[i + 1] - result.offsets[i])}));
  }
  return pieces;
}

}  // namespace

std::vector<std::string> CodecClient::tokenize(std::string_view source,
                                               const EncodeOptions& options,
                                               const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  const SpecialRules special(options.special);
  const auto params = encode_params(source, options, special);
  auto result = sized<bh_codec_tokenize_result>();
  call.check(table_->tokenize(&call, instance_.handle(), &params, &result));
  return take_pieces(result);
}

std::uint64_t CodecClient::count(std::string_view source, const EncodeOptions& options,
                                 const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  const SpecialRules special(options.special);
  const auto params = encode_params(source, options, special);
  auto result = sized<bh_codec_count_result>();
  call.check(table_->count(&call, instance_.handle(), &params, &result));
  return result.count;
}

std::vector<CodecClient::Ids> CodecClient::encode_batch(std::span<const std::string_view> texts,
                                                        const SpecialTokens& special,
                                                        unsigned threads,
                                                        const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  std::vector<bh_bytes> borrowed;
  for (const std::string_view one : texts) borrowed.push_back(bytes(one));
  const SpecialRules rules(special);
  bh_codec_encode_batch_params params{};
  params.struct_size = sizeof params;
  params.threads = threads;
  params.texts = borrowed.data();
  params.count = borrowed.size();
  params.special = rules.value();
  auto result = sized<bh_codec_encode_batch_result>();
  call.check(table_->encode_batch(&call, instance_.handle(), &params, &result));
  std::vector<Ids> lists;
  lists.reserve(result.count);
  for (std::size_t i = 0; i < result.count; ++i) {
    lists.emplace_back(result.ids + result.offsets[i], result.ids + result.offsets[i + 1]);
  }
  return lists;
}

std::vector<std::string> CodecClient::decode_batch(std::span<const Ids> lists, unsigned threads,
                                                   const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  Ids ids;
  std::vector<std::uint64_t> offsets = {0};
  for (const Ids& list : lists) {
    ids.insert(ids.end(), list.begin(), list.end());
    offsets.push_back(ids.size());
  }
  const bh_codec_decode_batch_params params = {sizeof params, threads, ids.data(), offsets.data(),
                                               lists.size()};
  auto result = sized<bh_codec_tokenize_result>();
  call.check(table_->decode_batch(&call, instance_.handle(), &params, &result));
  return take_pieces(result);
}

CodecInfo CodecClient::info(const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  auto result = sized<bh_codec_info_result>();
  call.check(table_->info(&call, instance_.handle(), &result));
  CodecInfo info;
  info.name.assign(result.name.data, result.name.size);
  info.languages.assign(result.languages.data, result.languages.size);
  info.vocabulary = result.vocabulary;
  info.max_id = result.max_id;
  info.max_token_bytes = result.max_token_bytes;
  for (std::uint32_t i = 0; i < result.special_count; ++i) {
    const bh_codec_special_token& token = result.special[i];
    info.special.push_back({{token.text.data, token.text.size}, token.id});
  }
  return info;
}

void CodecClient::encode_async(std::string_view source, const EncodeOptions& options,
                               const CallOptions& call_options,
                               std::function<void(Outcome<Ids>)> done) const {
  const SpecialRules special(options.special);
  const auto params = encode_params(source, options, special);
  submit<bh_codec_encode_result, Ids>(instance_, *table_, BH_CODEC_ENCODE, &params, call_options,
                                      std::move(done));
}

std::future<CodecClient::Ids> CodecClient::encode_async(std::string_view source,
                                                        const EncodeOptions& options,
                                                        const CallOptions& call_options) const {
  auto promise = std::make_shared<std::promise<Ids>>();
  auto future = promise->get_future();
  encode_async(source, options, call_options, fulfil(promise));
  return future;
}

void CodecClient::decode_async(std::span<const std::uint32_t> ids, const CallOptions& call_options,
                               std::function<void(Outcome<std::string>)> done) const {
  const bh_codec_decode_params params = {sizeof params, 0, ids.data(), ids.size()};
  submit<bh_codec_bytes_result, std::string>(instance_, *table_, BH_CODEC_DECODE, &params,
                                             call_options, std::move(done));
}

std::future<std::string> CodecClient::decode_async(std::span<const std::uint32_t> ids,
                                                   const CallOptions& call_options) const {
  auto promise = std::make_shared<std::promise<std::string>>();
  auto future = promise->get_future();
  decode_async(ids, call_options, fulfil(promise));
  return future;
}

DecodeStream CodecClient::decode_stream() const {
  host::Call call(HostAccess::plugin(instance_), {});
  auto result = sized<bh_codec_stream_result>();
  call.check(table_->stream_open(&call, instance_.handle(), &result));
  return DecodeStream(*this, result.stream);
}

DecodeStream::DecodeStream(CodecClient codec, std::uint64_t stream)
    : codec_(std::make_unique<CodecClient>(std::move(codec))), stream_(stream) {}
DecodeStream::DecodeStream(DecodeStream&&) noexcept = default;
DecodeStream& DecodeStream::operator=(DecodeStream&& other) noexcept {
  std::swap(codec_, other.codec_);
  std::swap(stream_, other.stream_);
  return *this;
}

DecodeStream::~DecodeStream() {
  if (codec_ == nullptr || stream_ == 0) return;
  try {
    finish();
  } catch (const std::exception&) {
    // The plugin is gone, or the host: the stream went with it.
  }
}

std::string DecodeStream::push(std::span<const std::uint32_t> ids, const CallOptions& options) {
  return call(&bh_codec_v1::stream_push, "stream_push", ids, options);
}

std::string DecodeStream::finish(const CallOptions& options) {
  std::string rest = call(&bh_codec_v1::stream_close, "stream_close", {}, options);
  stream_ = 0;
  return rest;
}

std::string DecodeStream::call(Method method, const char* name, std::span<const std::uint32_t> ids,
                               const CallOptions& options) {
  if (codec_ == nullptr) throw Error(Status::not_found, "the stream was moved away");
  PluginState& plugin = HostAccess::plugin(codec_->instance());
  if (stream_ == 0) {
    throw Error(Status::not_found, plugin.label + ": " + name + ": the stream is finished");
  }
  host::Call context(plugin, options);
  const bh_codec_stream_params params = {sizeof params, 0, stream_, ids.data(), ids.size()};
  auto result = sized<bh_codec_bytes_result>();
  context.check((codec_->table_->*method)(&context, codec_->instance().handle(), &params, &result));
  return take(result);
}

}  // namespace bulkhead
