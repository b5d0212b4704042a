// The pinned codec in C++: what an author could have built against contract 1.0 and the author
// classes of that day. The same codec as c_codec.c; what it does not override, the classes make.
#include <bulkhead/sdk/codec.hpp>

class Bytes : public bulkhead::Codec {
 public:
  static constexpr const char* kServicesRequired[] = {BH_PACKAGE_1, nullptr};
  static constexpr const char* kServicesOptional[] = {BH_LOG_1, nullptr};

  explicit Bytes(const bulkhead::sdk::Open& open)
      : first_id_(static_cast<std::uint32_t>(open.config.integer("first_id"))) {
    open.services.log(BH_LOG_INFO, open.services.package_file("note.txt"));
  }

  Encoded encode(const Call& call, std::string_view text,
                 const EncodeRequest& request) const override {
    if (request.special.disallow_all && !request.special.allow_all &&
        text.find('<') != std::string_view::npos)
      throw PluginError(BH_CODEC_DISALLOWED_SPECIAL, "the text has the special token <");
    Encoded result;
    for (unsigned char byte : text) {
      if (request.max_tokens != 0 && result.ids.size() == request.max_tokens) {
        result.truncated = true;
        break;
      }
      if (result.ids.size() % 4096 == 0) call.check();
      result.ids.push_back(first_id_ + byte);
    }
    call.progress(result.ids.size(), result.ids.size());
    return result;
  }

  std::string decode(const Call&, std::span<const std::uint32_t> ids) const override {
    std::string text;
    for (std::uint32_t id : ids) {
      if (id < first_id_ || id - first_id_ > 255)
        throw PluginError(BH_INVALID_ARGUMENT, "an id is no byte");
      text += static_cast<char>(id - first_id_);
    }
    return text;
  }

  CodecFacts info() const override {
    return {.name = "bytes",
            .vocabulary = 256,
            .max_id = first_id_ + 255,
            .max_token_bytes = 1,
            .special = {{"<", first_id_ + '<'}}};
  }

 private:
  std::uint32_t first_id_;
};

BULKHEAD_PLUGIN(Bytes, "contract_1_0_cpp", "1.0.0");
