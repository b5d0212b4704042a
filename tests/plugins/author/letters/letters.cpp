// A codec of three functions, whose ids are bytes. What goes wrong is chosen by the text, so that
// the test sees each kind of failure at the boundary.
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>

#include <bulkhead/sdk/codec.hpp>

namespace {

class Letters : public bulkhead::Codec {
 public:
  explicit Letters(const Open& open) : note_(open.services.package_file("deep/note.txt")) {
    open.services.log(BH_LOG_INFO, "opening");
    const std::string& fail = open.config.text("fail");
    if (fail == "plugin") throw bulkhead::PluginError(BH_DATA_INVALID, "The note is damaged.");
    if (fail == "type") (void)open.config.integer("fail");
    if (fail == "missing") (void)open.config.boolean("nothing");
    if (fail == "standard") throw std::out_of_range("out of the note");
  }

  Encoded encode(const Call& call, std::string_view text, const EncodeRequest&) const override {
    while (text.starts_with("late ")) {
      text.remove_prefix(5);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (text == "plugin") throw bulkhead::PluginError(BH_PERMISSION_DENIED, "Not this text.");
    if (text == "ok as an error") throw bulkhead::PluginError(BH_OK, "Confused.");
    if (text == "memory") throw std::bad_alloc();
    if (text == "standard") throw std::runtime_error("a standard exception");
    if (text == "unknown") throw 42;
    if (text == "wait") {
      for (;;) call.check();
    }
    if (text == "note") text = note_;
    Encoded encoded;
    for (const char c : text) encoded.ids.push_back(static_cast<std::uint8_t>(c));
    return encoded;
  }

  std::string decode(const Call&, std::span<const std::uint32_t> ids) const override {
    std::string bytes;
    for (const std::uint32_t id : ids) bytes += static_cast<char>(id);
    return bytes;
  }

  CodecFacts info() const override {
    return {.name = "letters", .vocabulary = 256, .max_id = 255, .max_token_bytes = 1};
  }

 private:
  std::string_view note_;
};

}  // namespace

BULKHEAD_PLUGIN(Letters);
