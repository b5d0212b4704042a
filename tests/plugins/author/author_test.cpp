// The author API: what it makes of a class with three functions, and of what that class throws.
#include <catch2/catch.hpp>

#include <fstream>
#include <thread>

#include <bulkhead/sdk/chunked.hpp>
#include <bulkhead/sdk/utf8.hpp>

#include "tests/plugins/support/plugin_library.hpp"

using namespace bulkhead::testing;
using namespace std::string_literals;
using Catch::Matchers::Contains;

namespace {

struct Letters {
  PluginLibrary library{LETTERS_PACKAGE "/lib/letters.so"};
  TestServices services{LETTERS_PACKAGE "/data"};

  template <class Body>
  static std::string refused(bh_status status, Body&& body) {
    try {
      body();
    } catch (const CallFailed& error) {
      CHECK(error.status == status);
      return error.what();
    }
    FAIL("the call succeeded");
    return {};
  }
};

struct OpenLetters : Letters {
  TestCodec codec{library, services, {{"fail", ""}}};
};

}  // namespace

TEST_CASE_METHOD(Letters, "id and version come from the manifest") {
  CHECK(library.descriptor().id == "letters"s);
  CHECK(library.descriptor().version == "2.3.4"s);
  CHECK(library.descriptor().services_required == nullptr);
  CHECK(library.descriptor().services_optional[0] == BH_LOG_1 ""s);
  CHECK_THAT(read_file(LETTERS_PACKAGE "/plugin.toml"), Contains("id = \"letters\""));
}

TEST_CASE_METHOD(OpenLetters, "every exception becomes a status and its words") {
  const auto words = [&](bh_status status, const char* text) {
    return refused(status, [&] { codec.encode(text); });
  };
  CHECK(words(BH_PERMISSION_DENIED, "plugin") == "Not this text.");
  CHECK(words(BH_INTERNAL, "ok as an error") == "Confused.");
  CHECK_THAT(words(BH_OUT_OF_MEMORY, "memory"), Contains("memory"));
  CHECK(words(BH_INTERNAL, "standard") == "a standard exception");
  CHECK_THAT(words(BH_INTERNAL, "unknown"), Contains("no std::exception"));
}

TEST_CASE_METHOD(Letters, "a constructor that throws is a refusal to open") {
  const auto words = [&](bh_status status, const char* fail) {
    return refused(status, [&] { TestCodec(library, services, {{"fail", fail}}); });
  };
  CHECK(words(BH_DATA_INVALID, "plugin") == "The note is damaged.");
  CHECK(words(BH_INVALID_ARGUMENT, "type") == "The configuration key \"fail\" must be an integer.");
  CHECK_THAT(words(BH_INVALID_ARGUMENT, "missing"), Contains("\"nothing\" is missing"));
  CHECK(words(BH_INTERNAL, "standard") == "out of the note");
  services.files.clear();
  TestServices empty("/nonexistent");
  CHECK_THAT(refused(BH_NOT_FOUND,
                     [&] {
                       TestCodec(library, empty, {{"fail", ""}});
                     }),
             Contains("data/deep/note.txt"));
}

TEST_CASE_METHOD(OpenLetters, "the defaults are made from three functions") {
  CHECK(codec.encode("abc") == Ids{97, 98, 99});
  CHECK(codec.decode(Ids{97, 98, 99}) == "abc");
  CHECK(codec.count("abc") == 3);
  CHECK(codec.tokenize("abc") == std::vector<std::string>{"a", "b", "c"});
  CHECK(codec.tokenize("").empty());
  CHECK(codec.decode(codec.encode("note")) == "kept in the package");
  TestCall call;
  auto params = TestCodec::params_of("hey");
  params.flags = BH_ENCODE_OFFSETS;
  CHECK(codec.encode(params, call).offsets == std::vector<std::uint64_t>{0, 1, 2, 3});
  const auto note = TestCodec::params_of("note");  // its ids are not the bytes of this text
  auto longer = note;
  longer.flags = BH_ENCODE_OFFSETS;
  CHECK_THAT(refused(BH_UNSUPPORTED, [&] { codec.encode(longer, call); }), Contains("offsets"));
}

TEST_CASE_METHOD(OpenLetters, "the first failure of a batch, by index, is the one that is told") {
  std::vector<std::string_view> texts(500, "fine");
  const bool first_is_late = GENERATE(false, true);
  for (int i = 0; i < 4; ++i) texts[i] = "late item";  // until all threads have one
  texts[7] = first_is_late ? "late late late plugin" : "late plugin";
  texts[8] = first_is_late ? "late standard" : "late late late standard";
  texts[400] = "memory";
  const unsigned threads = GENERATE(1u, 4u);
  for (int i = 0; i < 5; ++i) {
    CHECK(refused(BH_PERMISSION_DENIED, [&] { codec.encode_batch(texts, threads); }) ==
          "Item 7: Not this text.");
  }
}

TEST_CASE_METHOD(OpenLetters, "all threads of a batch see that the call is taken back") {
  const std::vector<bh_bytes> texts(8, bytes_of("wait"));
  bh_codec_encode_batch_params params{};
  params.struct_size = sizeof(params);
  params.threads = 4;
  params.texts = texts.data();
  params.count = texts.size();
  bh_codec_encode_batch_result result{};
  result.struct_size = sizeof(result);
  TestCall call;
  std::thread canceller([&] { call.cancel(); });
  CHECK(codec.table().encode_batch(call, codec.instance(), &params, &result) == BH_CANCELLED);
  canceller.join();
  CHECK_THAT(call.message, Contains("cancelled"));
}

TEST_CASE_METHOD(OpenLetters, "offsets of a batch that don't ascend are refused") {
  const Ids ids = {1, 2, 3};
  const std::vector<std::vector<std::uint64_t>> wrong = {{0, 2, 1}, {1, 2, 3}};
  for (const auto& offsets : wrong) {
    const bh_codec_decode_batch_params params{sizeof(bh_codec_decode_batch_params), 1, ids.data(),
                                              offsets.data(), 2};
    bh_codec_tokenize_result result{};
    result.struct_size = sizeof(result);
    TestCall call;
    CHECK(codec.table().decode_batch(call, codec.instance(), &params, &result) ==
          BH_INVALID_ARGUMENT);
  }
}

TEST_CASE("a plugin in C", "[c]") {
  const PluginLibrary library(C_BYTES_PACKAGE "/lib/c_bytes.so");
  CHECK(library.descriptor().version == "0.1.0-beta.1"s);
  TestServices services("/nonexistent");
  const TestCodec codec(library, services);
  CHECK(codec.encode("C11") == Ids{67, 49, 49});
  CHECK(codec.decode(Ids{67, 49, 49}) == "C11");
  CHECK_THROWS_AS(codec.decode(Ids{256}), CallFailed);
}

TEST_CASE("an incomplete UTF-8 tail") {
  using bulkhead::sdk::incomplete_utf8_tail;
  CHECK(incomplete_utf8_tail("") == 0);
  CHECK(incomplete_utf8_tail("abc") == 0);
  CHECK(incomplete_utf8_tail("\xE2\x82\xAC") == 0);
  CHECK(incomplete_utf8_tail("a\xC3") == 1);
  CHECK(incomplete_utf8_tail("a\xE2\x82") == 2);
  CHECK(incomplete_utf8_tail("\xF0\x9F\x91") == 3);
  CHECK(incomplete_utf8_tail("\xF0\x9F") == 2);
  CHECK(incomplete_utf8_tail("\x80\x80\x80\x80") == 0);
  CHECK(incomplete_utf8_tail("\xC0") == 0);          // never valid
  CHECK(incomplete_utf8_tail("\xE0\x80") == 0);      // overlong
  CHECK(incomplete_utf8_tail("\xED\xA0") == 0);      // a surrogate
  CHECK(incomplete_utf8_tail("\xF4\x90\x80") == 0);  // above U+10FFFF
  CHECK(incomplete_utf8_tail("\xF5") == 0);
}

TEST_CASE("a chunked list keeps what was put in, in order") {
  bulkhead::sdk::Chunked<std::uint32_t> list;
  CHECK(list.empty());
  Ids expected;
  for (std::uint32_t i = 0; i < 300'000; ++i) {
    if (i % 1000 == 0) {
      const Ids some(i % 7000, i);
      list.append(some);
      expected.insert(expected.end(), some.begin(), some.end());
    }
    list.push_back(i);
    expected.push_back(i);
  }
  REQUIRE(list.size() == expected.size());
  Ids parts;
  list.for_each_part([&](std::span<const std::uint32_t> part) {
    parts.insert(parts.end(), part.begin(), part.end());
  });
  CHECK(parts == expected);
  for (int i = 0; i < 200'000; ++i) {
    REQUIRE(list.back() == expected.back());
    list.pop_back();
    expected.pop_back();
  }
  REQUIRE(list.size() == expected.size());
  auto moved = std::move(list);
  Ids drained(moved.size());
  moved.drain(drained.data());
  CHECK(drained == expected);
  CHECK(moved.empty());
  moved.push_back(1);
  moved.pop_back();
  CHECK(moved.empty());
}
