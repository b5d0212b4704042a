// A codec with configuration and data: the letters of data/alphabet.txt are its tokens, and their
// ids begin at the configured `first_id`.
#include <bulkhead/sdk/codec.hpp>

class Alphabet : public bulkhead::Codec {
 public:
  // A host that does not lend package files refuses this plugin before it opens it.
  static constexpr const char* kServicesRequired[] = {BH_PACKAGE_1, nullptr};
  static constexpr const char* kServicesOptional[] = {BH_LOG_1, nullptr};

  explicit Alphabet(const bulkhead::sdk::Open& open)
      : first_id_(static_cast<std::uint32_t>(open.config.integer("first_id"))),
        letters_(open.services.package_file("alphabet.txt")) {
    if (letters_.empty()) throw PluginError(BH_DATA_INVALID, "data/alphabet.txt is empty");
    open.services.log(BH_LOG_INFO, std::to_string(letters_.size()) + " letters, the first is id " +
                                       std::to_string(first_id_));
  }

  Encoded encode(const Call& call, std::string_view text,
                 const EncodeRequest& request) const override {
    Encoded result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (request.max_tokens != 0 && result.ids.size() == request.max_tokens) {
        result.truncated = true;
        break;
      }
      if (i % 4096 == 0) call.check();
      const std::size_t place = letters_.find(text[i]);
      if (place == std::string_view::npos)
        throw PluginError(BH_INVALID_ARGUMENT,
                          "byte " + std::to_string(i) + " of the text is not in the alphabet");
      result.ids.push_back(first_id_ + static_cast<std::uint32_t>(place));
    }
    return result;
  }

  std::string decode(const Call&, std::span<const std::uint32_t> ids) const override {
    std::string text;
    for (std::uint32_t id : ids) {
      if (id < first_id_ || id - first_id_ >= letters_.size())
        throw PluginError(BH_INVALID_ARGUMENT, "id " + std::to_string(id) + " is no letter");
      text += letters_[id - first_id_];
    }
    return text;
  }

  CodecFacts info() const override {
    return {.name = "alphabet",
            .vocabulary = letters_.size(),
            .max_id = first_id_ + letters_.size() - 1,
            .max_token_bytes = 1};
  }

 private:
  std::uint32_t first_id_;
  std::string_view letters_;  // mapped read-only, alive as long as this object
};

BULKHEAD_PLUGIN(Alphabet);
