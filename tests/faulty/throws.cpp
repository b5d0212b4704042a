// Built on the author classes: encode throws what the text names; none of it may leave the library.
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <bulkhead/sdk/codec.hpp>

namespace {

struct NoException {};

class Throws : public bulkhead::Codec {
 public:
  Encoded encode(const Call& call, std::string_view text, const EncodeRequest&) const override {
    if (text == "runtime_error") throw std::runtime_error("the sky is falling");
    if (text == "bad_alloc") throw std::bad_alloc();
    if (text == "int") throw 42;
    if (text == "struct") throw NoException{};
    if (text == "plugin_error") throw PluginError(BH_NOT_FOUND, "there is no such word");
    if (text == "special") throw PluginError(BH_CODEC_DISALLOWED_SPECIAL, "that word is special");
    if (text == "long") throw std::runtime_error(std::string(100'000, 'x'));
    if (text == "terminal") throw std::runtime_error("\x1b[2Jevil\nbulkhead: fake\x9b\r\n");
    while (text == "until stopped") call.check();
    if (text == "binary") throw std::runtime_error("not \xff\xfe UTF-8");
    return {};
  }
  std::string decode(const Call&, std::span<const std::uint32_t>) const override {
    throw std::out_of_range("decode of nothing");
  }
  CodecFacts info() const override { return {.name = "throws"}; }
};

}  // namespace

BULKHEAD_PLUGIN(Throws, FAULTY_ID, FAULTY_VERSION);
