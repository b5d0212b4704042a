// en_gpt2's ids equal tiktoken's: on real text in three languages, whole and line by line, and on
// 20,000 random Unicode texts. The expected ids are made by the test en_gpt2_expectations.
#include <catch2/catch.hpp>

#include <cstring>

#include "tests/plugins/support/plugin_library.hpp"

using namespace bulkhead::testing;

namespace {

const std::string kData = EN_GPT2_EXPECTATIONS;

Ids read_ids(const std::string& path) {
  const std::string bytes = read_file(path);
  Ids ids(bytes.size() / 4);
  std::memcpy(ids.data(), bytes.data(), ids.size() * 4);
  return ids;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<std::string_view> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == text.npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> random_texts(const std::string& file) {
  std::vector<std::string_view> texts;
  for (std::size_t at = 0; at < file.size();) {
    std::uint32_t size;
    std::memcpy(&size, file.data() + at, 4);
    texts.push_back(std::string_view(file).substr(at + 4, size));
    at += 4 + size;
  }
  return texts;
}

// Compares text by text; `expected` has the count of ids before the ids of each text.
void compare(const TestCodec& codec, const std::vector<std::string_view>& texts,
             const Ids& expected) {
  const std::vector<Ids> batch = codec.encode_batch(texts, 2);
  REQUIRE(batch.size() == texts.size());
  std::size_t at = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    REQUIRE(at < expected.size());
    const Ids wanted(expected.begin() + static_cast<std::ptrdiff_t>(at + 1),
                     expected.begin() + static_cast<std::ptrdiff_t>(at + 1 + expected[at]));
    at += 1 + expected[at];
    INFO("text " << i << ": " << texts[i]);
    REQUIRE(codec.encode(texts[i]) == wanted);
    REQUIRE(batch[i] == wanted);
    REQUIRE(codec.count(texts[i]) == wanted.size());
    REQUIRE(codec.decode(wanted) == texts[i]);
  }
  REQUIRE(at == expected.size());
}

}  // namespace

TEST_CASE("ids equal tiktoken's") {
  const PluginLibrary library(EN_GPT2_PACKAGE "/lib/en_gpt2.so");
  TestServices services(EN_GPT2_PACKAGE "/data");
  const std::string encoding = GENERATE("gpt2", "cl100k_base", "o200k_base");
  const TestCodec codec(library, services, {{"encoding", encoding.c_str()}});

  SECTION("on real text, " + encoding) {
    for (const char* language : {"en", "zh", "ja"}) {
      const std::string base = kData + "/" + language;
      const std::string text = read_file(base + ".txt");
      const Ids expected = read_ids(base + "." + encoding + ".u32");
      INFO(language);
      REQUIRE(expected.size() > 100'000);
      CHECK(codec.encode(text) == expected);
      CHECK(codec.count(text) == expected.size());
      CHECK(codec.decode(expected) == text);
      const std::vector<std::string> pieces = codec.tokenize(text);
      REQUIRE(pieces.size() == expected.size());
      for (std::size_t i = 0; i < 10'000; ++i) {
        REQUIRE(pieces[i] == codec.decode(std::span(expected).subspan(i, 1)));
      }
      compare(codec, lines_of(text), read_ids(base + ".lines." + encoding + ".u32"));
    }
  }
  SECTION("on random Unicode, " + encoding) {
    const std::string file = read_file(kData + "/random.texts");
    const std::vector<std::string_view> texts = random_texts(file);
    REQUIRE(texts.size() == 20'000);
    compare(codec, texts, read_ids(kData + "/random." + encoding + ".u32"));
  }
}
