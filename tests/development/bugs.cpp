// A codec with one bug a text: what an author wants to find with a debugger or a sanitizer.
#include <bulkhead/sdk/codec.hpp>

#include <cstdlib>
#include <cstring>

namespace {

// Seen by name in a backtrace.
__attribute__((noinline)) void spin_until_stopped(const bulkhead::sdk::Call& call) {
  for (;;) call.check();
}
__attribute__((noinline)) void write_to_nowhere() { *reinterpret_cast<volatile int*>(8) = 1; }
__attribute__((noinline)) int byte_after(std::size_t size) {
  volatile char* memory = static_cast<char*>(std::malloc(size));
  memory[size - 1] = 1;
  const int byte = memory[size];
  std::free(const_cast<char*>(memory));
  return byte;
}
__attribute__((noinline)) int shifted(int bits) { return 1 << bits; }

}  // namespace

class Bugs : public bulkhead::Codec {
 public:
  Encoded encode(const Call& call, std::string_view text, const EncodeRequest&) const override {
    Encoded result;
    if (text == "spin") spin_until_stopped(call);
    if (text == "crash") write_to_nowhere();
    if (text == "overflow") result.ids.push_back(byte_after(text.size()) & 1);
    if (text == "shift") result.ids.push_back(shifted(static_cast<int>(text.size()) * 8) & 1);
    return result;
  }
  std::string decode(const Call&, std::span<const std::uint32_t>) const override { return ""; }
  CodecFacts info() const override {
    return {.name = "bugs", .vocabulary = 256, .max_id = 255, .max_token_bytes = 1};
  }
};

BULKHEAD_PLUGIN(Bugs);
