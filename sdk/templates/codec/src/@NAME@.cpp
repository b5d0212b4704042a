// @NAME@: a codec. Replace the three functions by your own; the others are made from them.
#include <bulkhead/sdk/codec.hpp>

class @CLASS@ : public bulkhead::Codec {
 public:
  Encoded encode(const Call& call, std::string_view text,
                 const EncodeRequest& request) const override {
    Encoded result;
    for (unsigned char byte : text) {
      if (request.max_tokens != 0 && result.ids.size() == request.max_tokens) {
        result.truncated = true;
        break;
      }
      if (result.ids.size() % 4096 == 0) call.check();  // cancelled, or out of time?
      result.ids.push_back(byte);
    }
    return result;
  }

  std::string decode(const Call&, std::span<const std::uint32_t> ids) const override {
    std::string text;
    for (std::uint32_t id : ids) {
      if (id > 255) {
        throw PluginError(BH_INVALID_ARGUMENT, "id " + std::to_string(id) + " is no byte");
      }
      text += static_cast<char>(id);
    }
    return text;
  }

  CodecFacts info() const override {
    return {.name = "bytes", .vocabulary = 256, .max_id = 255, .max_token_bytes = 1};
  }
};

BULKHEAD_PLUGIN(@CLASS@);
