// en_gpt2 on large texts: it ends, and gives the text back.
#include <catch2/catch.hpp>

#include <random>

#include "tests/plugins/support/plugin_library.hpp"

using namespace bulkhead::testing;

TEST_CASE("large texts of any kind end, and decode to the same") {
  constexpr std::size_t kSize = 50'000'000;
  constexpr std::size_t kOnePiece = 10'000'000;
  const PluginLibrary library(EN_GPT2_PACKAGE "/lib/en_gpt2.so");
  TestServices services(EN_GPT2_PACKAGE "/data");
  const TestCodec codec(library, services, {{"encoding", "o200k_base"}});
  std::string text;
  text.reserve(kSize + 64);
  SECTION("words") {
    while (text.size() < kSize) text += "It's 12345 words, again & again.\n\n";
  }
  SECTION("one letter") { text.assign(kOnePiece, 'a'); }
  SECTION("white space") {
    while (text.size() < kOnePiece) text += " \n\t \xE3\x80\x80";
  }
  SECTION("'<' only, with special tokens allowed") { text.assign(kOnePiece, '<'); }
  SECTION("invalid UTF-8") {
    std::mt19937_64 random(1);
    text.assign(1, '\xFF');
    while (text.size() < kSize) text += static_cast<char>(random());
  }
  TestCall call;
  auto params = TestCodec::params_of(text);
  params.special.allowed = BH_SPECIAL_ALL;
  const auto encoding = codec.encode(params, call);
  CHECK(!encoding.truncated);
  CHECK(codec.decode(encoding.ids) == text);
}
