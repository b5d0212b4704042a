// bulkhead/codec_client.hpp: a codec plugin, as an embedder calls it. Included by host.hpp.
// What the methods mean stands in bulkhead/abi/codec.h.
#pragma once

#include <bulkhead/host.hpp>

#include <future>
#include <span>

namespace bulkhead {

// Which special tokens are recognised in text. By default none: their text is ordinary text.
struct SpecialTokens {
  bool allow_all = false;
  std::vector<std::string> allowed;
  bool disallow_all = false;  // all that are not allowed
  std::vector<std::string> disallowed;
};

struct EncodeOptions {
  SpecialTokens special;
  std::uint64_t max_tokens = 0;  // 0: no limit
};

struct Encoding {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint64_t> offsets;  // ids.size() + 1 byte offsets into the text
  bool truncated = false;
};

struct SpecialToken {
  std::string text;
  std::uint32_t id = 0;
};

struct CodecInfo {
  std::string name;
  std::string languages;
  std::uint64_t vocabulary = 0;
  std::uint64_t max_id = 0;
  std::uint64_t max_token_bytes = 0;
  std::vector<SpecialToken> special;
};

// The outcome of an asynchronous call: a value, or an error.
template <class T>
struct Outcome {
  Status status = Status::ok;
  std::string message;  // of the error
  T value{};
};

class BULKHEAD_API DecodeStream;

class BULKHEAD_API CodecClient {
 public:
  using Ids = std::vector<std::uint32_t>;

  // Throws Status::unsupported when the instance is no codec.
  explicit CodecClient(Instance instance);

  Ids encode(std::string_view text, const EncodeOptions& options = {},
             const CallOptions& call = {}) const;
  Encoding encode_with_offsets(std::string_view text, const EncodeOptions& options = {},
                               const CallOptions& call = {}) const;
  std::string decode(std::span<const std::uint32_t> ids, const CallOptions& call = {}) const;
  std::vector<std::string> tokenize(std::string_view text, const EncodeOptions& options = {},
                                    const CallOptions& call = {}) const;
  std::uint64_t count(std::string_view text, const EncodeOptions& options = {},
                      const CallOptions& call = {}) const;
  std::vector<Ids> encode_batch(std::span<const std::string_view> texts,
                                const SpecialTokens& special = {}, unsigned threads = 1,
                                const CallOptions& call = {}) const;
  std::vector<std::string> decode_batch(std::span<const Ids> ids, unsigned threads = 1,
                                        const CallOptions& call = {}) const;
  CodecInfo info(const CallOptions& call = {}) const;
  // A streaming decoder; it holds back an incomplete UTF-8 tail.
  DecodeStream decode_stream() const;

  // Asynchronous forms: return at once, or throw (Status::overloaded at the in-flight limit). The
  // text is copied. `done` runs once, on a thread of the host; it must not block or throw.
  std::future<Ids> encode_async(std::string_view text, const EncodeOptions& options = {},
                                const CallOptions& call = {}) const;
  void encode_async(std::string_view text, const EncodeOptions& options, const CallOptions& call,
                    std::function<void(Outcome<Ids>)> done) const;
  std::future<std::string> decode_async(std::span<const std::uint32_t> ids,
                                        const CallOptions& call = {}) const;
  void decode_async(std::span<const std::uint32_t> ids, const CallOptions& call,
                    std::function<void(Outcome<std::string>)> done) const;

  const Instance& instance() const { return instance_; }

 private:
  friend class DecodeStream;
  Instance instance_;
  const bh_codec_v1* table_;
};

// One call at a time for each stream. Ends its stream in the plugin when it goes.
class BULKHEAD_API DecodeStream {
 public:
  DecodeStream(DecodeStream&&) noexcept;
  DecodeStream& operator=(DecodeStream&&) noexcept;
  ~DecodeStream();
  // The bytes that are complete after these ids.
  std::string push(std::span<const std::uint32_t> ids, const CallOptions& call = {});
  // The held back rest; the stream is over.
  std::string finish(const CallOptions& call = {});

 private:
  friend class CodecClient;
  using Method = decltype(&bh_codec_v1::stream_push);
  DecodeStream(CodecClient codec, std::uint64_t stream);
  std::string call(Method method, const char* name, std::span<const std::uint32_t> ids,
                   const CallOptions& options);
  std::unique_ptr<CodecClient> codec_;
  std::uint64_t stream_ = 0;  // 0: finished
};

}  // namespace bulkhead
