// en_gpt2: the codec plugin.
#include <bulkhead/sdk/codec.hpp>

#include <algorithm>
#include <string>

#include "encoder.hpp"
#include "encodings.hpp"

namespace en_gpt2 {

class En final : public bulkhead::Codec {
 public:
  static constexpr const char* kServicesRequired[] = {BH_PACKAGE_1, nullptr};

  explicit En(const Open& open)
      : encoding_(encoding_named(open.config.text("encoding"))),
        vocabulary_(open.services.package_file(encoding_.file), encoding_.file) {}

  Encoded encode(const Call& call, std::string_view text,
                 const EncodeRequest& request) const override {
    Encoded result;
    TokenSink sink(request.max_tokens, &result.ids);
    run(call, text, request, sink);
    result.truncated = sink.bytes() < text.size();
    return result;
  }

  Counted count(const Call& call, std::string_view text,
                const EncodeRequest& request) const override {
    TokenSink sink(request.max_tokens, nullptr);
    run(call, text, request, sink);
    return {sink.count(), sink.bytes() < text.size()};
  }

  std::string decode(const Call& call, std::span<const std::uint32_t> ids) const override {
    std::size_t size = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::string_view bytes = token(ids[i]);
      if (bytes.empty()) {
        throw PluginError(BH_INVALID_ARGUMENT,
                          "The id " + std::to_string(ids[i]) + " at position " + std::to_string(i) +
                              " is no token of " + std::string(encoding_.name) + ".");
      }
      size += bytes.size();
    }
    std::string result;
    result.reserve(size);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i % kIdsPerPoll == 0) report(call, i, ids.size());
      result += token(ids[i]);
    }
    report(call, ids.size(), ids.size());
    return result;
  }

  std::uint64_t token_bytes(const Call&, std::uint32_t id) const override {
    return token(id).size();
  }

  CodecFacts info() const override {
    CodecFacts facts;
    facts.name = encoding_.name;
    facts.vocabulary = vocabulary_.size() + encoding_.special.size();
    facts.max_id = encoding_.special.back().id;
    facts.max_token_bytes = vocabulary_.max_token_bytes();
    for (const SpecialToken& special : encoding_.special) {
      facts.special.push_back({std::string(special.text), special.id});
      facts.max_token_bytes = std::max<std::uint64_t>(facts.max_token_bytes, special.text.size());
    }
    return facts;
  }

 private:
  static constexpr std::size_t kIdsPerPoll = 64 * 1024;
  static constexpr std::size_t kReportAbove = 256 * 1024;

  static void report(const Call& call, std::size_t done, std::size_t total) {
    call.check();
    if (total > kReportAbove) call.progress(done, total);
  }

  void run(const Call& call, std::string_view text, const EncodeRequest& request,
           TokenSink& sink) const {
    const SpecialSet allowed =
        check_special(text, request.special, encoding_.special, encoding_.name);
    Encoder(vocabulary_, encoding_.pattern, call).encode(text, allowed, sink);
  }

  // The bytes of a token, or none for an id that is no token.
  std::string_view token(std::uint32_t id) const {
    if (id < vocabulary_.size()) return vocabulary_.bytes(id);
    for (const SpecialToken& special : encoding_.special) {
      if (special.id == id) return special.text;
    }
    return {};
  }

  const Encoding& encoding_;
  const Vocabulary vocabulary_;
};

}  // namespace en_gpt2

BULKHEAD_PLUGIN(en_gpt2::En);
