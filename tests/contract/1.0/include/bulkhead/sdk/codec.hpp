// bulkhead/sdk/codec.hpp: write a codec plugin.
//
//   #include <bulkhead/sdk/codec.hpp>
//
//   class Bytes : public bulkhead::Codec {
//    public:
//     Encoded encode(const Call&, std::string_view text, const EncodeRequest& request) const
//     override {
//       ...
//     }
//     std::string decode(const Call&, std::span<const std::uint32_t> ids) const override { ... }
//     CodecFacts info() const override { return {.name = "bytes", .vocabulary = 256, ...}; }
//   };
//   BULKHEAD_PLUGIN(Bytes)
//
// Three functions are needed; the others have defaults that are made from these. What each means,
// and which errors it has, stands in bulkhead/abi/codec.h.
#pragma once

#if !defined(__cplusplus) || __cplusplus < 202002L
#error "bulkhead/sdk/codec.hpp needs C++20: compile with -std=c++20. C uses bulkhead/abi/codec.h."
#endif

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/abi/codec.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/chunked.hpp>
#include <bulkhead/sdk/parallel.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

// Which special tokens are recognised in a text. A token that is allowed is never disallowed.
struct SpecialRules {
  bool allow_all = false;
  bool disallow_all = false;  // all that are not allowed
  std::vector<std::string_view> allowed;
  std::vector<std::string_view> disallowed;
};

struct EncodeRequest {
  SpecialRules special;
  std::uint64_t max_tokens = 0;  // stop after so many ids; 0: no limit
  bool offsets = false;          // the caller wants byte offsets
};

struct Encoded {
  Chunked<std::uint32_t> ids;
  bool truncated = false;  // max_tokens ended it before the end of the text
  // ids.size() + 1 byte offsets into the text, when the request asks for them. Leave it empty where
  // decode(encode(x)) == x: they are then made from Codec::token_bytes.
  Chunked<std::uint64_t> offsets;
};

struct Counted {
  std::uint64_t count = 0;
  bool truncated = false;
};

struct SpecialToken {
  std::string text;
  std::uint32_t id = 0;
};

struct CodecFacts {
  std::string name;               // of the encoding
  std::string languages = "mul";  // BCP 47 tags separated by spaces
  std::uint64_t vocabulary = 0;   // number of ids that decode to something, special ones included
  std::uint64_t max_id = 0;
  std::uint64_t max_token_bytes = 0;
  std::vector<SpecialToken> special = {};  // by id
};

class CodecInstance;

// One configured codec. All functions may be called from many threads at once, so they are const;
// what they change together they must lock. Made by a constructor that takes nothing or a
// `const bulkhead::sdk::Open&` (configuration, services, the call).
class Codec {
 public:
  using Call = sdk::Call;
  using CodecFacts = sdk::CodecFacts;
  using Counted = sdk::Counted;
  using EncodeRequest = sdk::EncodeRequest;
  using Encoded = sdk::Encoded;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;
  using SpecialRules = sdk::SpecialRules;

  virtual ~Codec() = default;

  virtual Encoded encode(const Call& call, std::string_view text,
                         const EncodeRequest& request) const = 0;
  virtual std::string decode(const Call& call, std::span<const std::uint32_t> ids) const = 0;
  virtual CodecFacts info() const = 0;

  // The ids' number. Default: encodes, and throws the ids away.
  virtual Counted count(const Call& call, std::string_view text,
                        const EncodeRequest& request) const {
    const Encoded encoded = encode(call, text, request);
    return {encoded.ids.size(), encoded.truncated};
  }
  // The length of what one id decodes to. Default: decodes it.
  virtual std::uint64_t token_bytes(const Call& call, std::uint32_t id) const {
    return decode(call, {&id, 1}).size();
  }
  // The bytes of each token. Default: the text, cut at the offsets of its ids.
  virtual std::vector<std::string_view> tokenize(const Call& call, std::string_view text,
                                                 const EncodeRequest& request) const {
    Encoded encoded = encode(call, text, request);
    const std::vector<std::uint64_t> cuts = offsets(call, text, encoded);
    std::vector<std::string_view> pieces;
    pieces.reserve(cuts.size() - 1);
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      pieces.push_back(text.substr(cuts[i], cuts[i + 1] - cuts[i]));
    }
    return pieces;
  }
  // Many texts. Default: one after the other, shared between `threads` threads.
  virtual std::vector<Encoded> encode_batch(const Call& call,
                                            std::span<const std::string_view> texts,
                                            const SpecialRules& special, unsigned threads) const {
    std::vector<Encoded> results(texts.size());
    const EncodeRequest request{special};
    for_each_item(call, texts.size(), threads, [&](const Call& own, std::size_t i) {
      results[i] = encode(own, texts[i], request);
    });
    return results;
  }
  // Many id lists. Default: one after the other, shared between `threads` threads.
  virtual std::vector<std::string> decode_batch(
      const Call& call, std::span<const std::span<const std::uint32_t>> lists,
      unsigned threads) const {
    std::vector<std::string> results(lists.size());
    for_each_item(call, lists.size(), threads,
                  [&](const Call& own, std::size_t i) { results[i] = decode(own, lists[i]); });
    return results;
  }

  // Takes the offsets out of `encoded`, or makes them; checks that they ascend within the text.
  std::vector<std::uint64_t> offsets(const Call& call, std::string_view text,
                                     Encoded& encoded) const {
    std::vector<std::uint64_t> cuts(encoded.ids.size() + 1, 0);
    if (encoded.offsets.size() == cuts.size()) {
      encoded.offsets.drain(cuts.data());
    } else {
      std::size_t i = 0;
      encoded.ids.for_each_part([&](std::span<const std::uint32_t> ids) {
        call.check();
        for (const std::uint32_t id : ids) {
          cuts[i + 1] = cuts[i] + token_bytes(call, id);
          ++i;
        }
      });
    }
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      if (cuts[i] > cuts[i + 1]) {
        throw PluginError(BH_INTERNAL, "The codec's offsets do not ascend.");
      }
    }
    if (cuts.back() > text.size()) {
      throw PluginError(BH_UNSUPPORTED,
                        "This codec's tokens are not the bytes of the text, so it has no offsets.");
    }
    return cuts;
  }

  // For BULKHEAD_PLUGIN: how a codec is seen through the C ABI.
  using Instance = CodecInstance;
  static constexpr const char* kInterfaces[] = {BH_CODEC_1, nullptr};
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Codec = sdk::Codec;
}

#include <bulkhead/sdk/codec_table.hpp>
