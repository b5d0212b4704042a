// en_gpt2 by itself: what each method of the codec table promises, on golden values and against a
// merging written down step by step. What tiktoken says to whole corpora is in
// expectations_test.cpp.
#include <catch2/catch.hpp>

#include <numeric>
#include <random>

#include "reference_bpe.hpp"
#include "tests/plugins/support/plugin_library.hpp"

using namespace bulkhead::testing;
using namespace std::string_literals;
using Catch::Matchers::Contains;

namespace {

const std::string kData = EN_GPT2_PACKAGE "/data";

struct Fixture {
  PluginLibrary library{EN_GPT2_PACKAGE "/lib/en_gpt2.so"};
  TestServices services{kData};

  // The call must fail with `status`; its text.
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

struct Gpt2 : Fixture {
  TestCodec codec{library, services, {{"encoding", "gpt2"}}};
};
struct Cl100k : Fixture {
  TestCodec codec{library, services, {{"encoding", "cl100k_base"}}};
};

std::string base64(const std::string& bytes) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  std::uint32_t bits = 0, count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(byte);
    for (count += 8; count >= 6;) text += kLetters[bits >> (count -= 6) & 63];
  }
  if (count > 0) text += kLetters[bits << (6 - count) & 63];
  return text;
}

bh_codec_special list_of(std::vector<bh_text>& allowed, std::vector<bh_text>& disallowed) {
  return {BH_SPECIAL_LIST,   BH_SPECIAL_LIST, allowed.data(),
          disallowed.data(), allowed.size(),  disallowed.size()};
}

}  // namespace

TEST_CASE_METHOD(Fixture, "the descriptor names the plugin and what it needs") {
  const bh_descriptor& descriptor = library.descriptor();
  CHECK(descriptor.magic == BH_DESCRIPTOR_MAGIC);
  CHECK(descriptor.struct_size == sizeof(bh_descriptor));
  CHECK(descriptor.id == "en_gpt2"s);
  CHECK(descriptor.version == "1.0.0"s);
  CHECK(descriptor.interfaces[0] == BH_CODEC_1 ""s);
  CHECK(descriptor.interfaces[1] == nullptr);
  CHECK(descriptor.services_required[0] == BH_PACKAGE_1 ""s);
}

TEST_CASE_METHOD(Fixture, "golden ids") {
  const TestCodec gpt2(library, services, {{"encoding", "gpt2"}});
  const TestCodec cl100k(library, services, {{"encoding", "cl100k_base"}});
  const TestCodec o200k(library, services, {{"encoding", "o200k_base"}});
  CHECK(gpt2.encode("hello world") == Ids{31373, 995});
  CHECK(cl100k.encode("hello world") == Ids{15339, 1917});
  CHECK(o200k.encode("hello world") == Ids{24912, 2375});
  CHECK(gpt2.encode("<|endoftext|>") == Ids{27, 91, 437, 1659, 5239, 91, 29});
  CHECK(gpt2.encode("\xF0\x9F\x91\x8B") == Ids{41840, 233});
  CHECK(gpt2.encode("").empty());
  CHECK(gpt2.encode("0") == Ids{15});
  CHECK(cl100k.encode("rer") == Ids{38149});
  CHECK(cl100k.encode("'rer") == Ids{2351, 81});
  CHECK(cl100k.encode("today\n ") == Ids{31213, 198, 220});
  CHECK(cl100k.encode("today\n \n") == Ids{31213, 27907});
  CHECK(cl100k.encode("today\n  \n") == Ids{31213, 14211});
  CHECK(cl100k.encode(" \xC2\x85\x30") == Ids{220, 126, 227, 15});
}

TEST_CASE_METHOD(Fixture, "facts about the vocabulary") {
  struct Row {
    const char* name;
    std::uint64_t vocabulary, max_id;
    std::vector<std::pair<std::string, std::uint32_t>> special;
  };
  const Row row = GENERATE(
      Row{"gpt2", 50257, 50256, {{"<|endoftext|>", 50256}}},
      Row{"cl100k_base",
          100261,
          100276,
          {{"<|endoftext|>", 100257},
           {"<|fim_prefix|>", 100258},
           {"<|fim_middle|>", 100259},
           {"<|fim_suffix|>", 100260},
           {"<|endofprompt|>", 100276}}},
      Row{"o200k_base", 200000, 200018, {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}});
  const TestCodec codec(library, services, {{"encoding", row.name}});
  TestCall call;
  bh_codec_info_result info{};
  info.struct_size = sizeof(info);
  REQUIRE(codec.table().info(call, codec.instance(), &info) == BH_OK);
  CHECK(string_of(info.name) == row.name);
  CHECK(call.owns(info.name.data, info.name.size));
  CHECK(string_of(info.languages) == "mul");
  CHECK(info.vocabulary == row.vocabulary);
  CHECK(info.max_id == row.max_id);
  CHECK(info.max_token_bytes == 128);
  REQUIRE(info.special_count == row.special.size());
  for (std::size_t i = 0; i < row.special.size(); ++i) {
    CHECK(string_of(info.special[i].text) == row.special[i].first);
    CHECK(info.special[i].id == row.special[i].second);
    CHECK(codec.decode(Ids{row.special[i].second}) == row.special[i].first);
  }
}

TEST_CASE_METHOD(Cl100k, "offsets say where each token begins in the text") {
  const std::string text = "Offsets, f\xC3\xBCr \xE6\x97\xA5\xE6\x9C\xAC <|endoftext|> done";
  TestCall call;
  auto params = TestCodec::params_of(text);
  params.flags = BH_ENCODE_OFFSETS;
  params.special.allowed = BH_SPECIAL_ALL;
  const auto encoding = codec.encode(params, call);
  REQUIRE(encoding.offsets.size() == encoding.ids.size() + 1);
  CHECK(encoding.offsets.front() == 0);
  CHECK(encoding.offsets.back() == text.size());
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const std::uint64_t begin = encoding.offsets[i], end = encoding.offsets[i + 1];
    CHECK(codec.decode(Ids{encoding.ids[i]}) == text.substr(begin, end - begin));
  }
  CHECK(std::count(encoding.ids.begin(), encoding.ids.end(), 100257u) == 1);
}

TEST_CASE_METHOD(Gpt2, "max_tokens ends the encoding early") {
  const std::string text = "one two three four five " + std::string(300, 'x') + "\xFF";
  const Ids all = codec.encode(text);
  for (std::size_t limit = 1; limit <= all.size() + 1; ++limit) {
    TestCall call;
    auto params = TestCodec::params_of(text);
    params.flags = BH_ENCODE_OFFSETS;
    params.max_tokens = limit;
    const auto part = codec.encode(params, call);
    const std::size_t kept = std::min(limit, all.size());
    INFO(limit);
    CHECK(part.ids == Ids(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept)));
    CHECK(part.truncated == (limit < all.size()));
    CHECK(part.offsets.back() == codec.decode(part.ids).size());
    bh_codec_count_result counted{sizeof(bh_codec_count_result), 0, 0};
    REQUIRE(codec.table().count(call, codec.instance(), &params, &counted) == BH_OK);
    CHECK(counted.count == kept);
    CHECK((counted.truncated != 0) == part.truncated);
  }
}

TEST_CASE_METHOD(Gpt2, "max_tokens ends a long piece early") {
  const std::string text = "so " + std::string(40'000, 'x') + "!";
  const Ids all = codec.encode(text);
  const std::size_t limit = GENERATE(1u, 2u, 100u, 1000u);
  REQUIRE(all.size() > limit);
  TestCall call;
  auto params = TestCodec::params_of(text);
  params.max_tokens = limit;
  const auto part = codec.encode(params, call);
  CHECK(part.ids == Ids(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(limit)));
  CHECK(part.truncated);
  bh_codec_count_result counted{sizeof(bh_codec_count_result), 0, 0};
  REQUIRE(codec.table().count(call, codec.instance(), &params, &counted) == BH_OK);
  CHECK(counted.count == limit);
  CHECK(counted.truncated == 1);
}

TEST_CASE_METHOD(Cl100k, "special tokens: ordinary text, allowed, disallowed") {
  const std::string text = "a<|endoftext|>b<|fim_prefix|>c<|nonsense|>";
  const Ids ordinary = codec.encode(text);
  CHECK(*std::max_element(ordinary.begin(), ordinary.end()) < 100256);

  TestCall call;
  auto params = TestCodec::params_of(text);
  params.special.allowed = BH_SPECIAL_ALL;
  params.special.disallowed = BH_SPECIAL_ALL;  // what is allowed is never disallowed
  Ids expected = {64, 100257, 65, 100258};
  const Ids tail = codec.encode("c<|nonsense|>");
  expected.insert(expected.end(), tail.begin(), tail.end());
  CHECK(codec.encode(params, call).ids == expected);
  CHECK(codec.decode(expected) == text);

  std::vector<bh_text> endoftext = {text_of("<|endoftext|>")};
  std::vector<bh_text> prefix = {text_of("<|fim_prefix|>")};
  params.special = list_of(endoftext, prefix);
  const std::string words =
      refused(BH_CODEC_DISALLOWED_SPECIAL, [&] { codec.encode(params, call); });
  CHECK_THAT(words, Contains("<|fim_prefix|>") && Contains("at byte 15"));

  params.special = {};
  params.special.disallowed = BH_SPECIAL_ALL;
  CHECK_THAT(refused(BH_CODEC_DISALLOWED_SPECIAL, [&] { codec.encode(params, call); }),
             Contains("<|endoftext|>") && Contains("at byte 1,"));

  std::vector<bh_text> none, unknown = {text_of("<|nonsense|>")};
  params.special = list_of(unknown, none);
  CHECK_THAT(refused(BH_INVALID_ARGUMENT, [&] { codec.encode(params, call); }),
             Contains("<|nonsense|>") && Contains("<|fim_middle|>"));
  params.special = {};
  params.special.allowed = 7;
  refused(BH_INVALID_ARGUMENT, [&] { codec.encode(params, call); });
}

TEST_CASE_METHOD(Cl100k, "text between special tokens ends where they begin") {
  // Alone, the last space of the run goes with the word; before a special token all are one piece.
  TestCall call;
  auto params = TestCodec::params_of("x   <|endoftext|>   y");
  params.special.allowed = BH_SPECIAL_ALL;
  CHECK(codec.encode(params, call).ids == Ids{87, 262, 100257, 256, 379});
}

TEST_CASE_METHOD(Cl100k, "decoding an unknown id names it and its place") {
  const std::uint32_t id = GENERATE(100256u, 100261u, 100277u, 0xFFFFFFFFu);
  CHECK_THAT(refused(BH_INVALID_ARGUMENT,
                     [&] {
                       codec.decode(Ids{1, 2, id});
                     }),
             Contains(std::to_string(id)) && Contains("position 2") && Contains("cl100k_base"));
}

TEST_CASE_METHOD(Fixture,
                 "text that is not UTF-8 becomes what tiktoken's _encode_bytes makes of it") {
  // The valid beginning keeps the tokens of its pieces but for the last; that piece's bytes and all
  // from the first invalid one are merged as one. White space before it goes with a last piece that
  // begins with a token of white space.
  struct Row {
    std::string stable, merged;
  };
  const std::vector<Row> rows = {
      {"", "\xFF"s},
      {"", "\xC3"s},
      {"", "\x80\x80"s},
      {"hello", " world\xFF"s},
      {"hello", " world\xE2\x82"s},
      {"one,", " two\xED\xA0\x80 three, four"s},
      {"x", " \n \xFF y"s},
      {"x", "  \xC0\xAF"s},
      {"x .", "\t\xF4\x90\x80\x80"s},
      {"a", "   \xF0\x90\x80"s},
      {"", "!!\xFE!!"s},
      {"x \xE3\x80\x80", "\n\xFF"s},
      {"it", "'s\xFF and more \xC3\xA9"s},
  };
  const auto [encoding, file] =
      GENERATE(std::pair{"gpt2"s, "r50k_base"s}, std::pair{"cl100k_base"s, "cl100k_base"s},
               std::pair{"o200k_base"s, "o200k_base"s});
  const ReferenceBpe reference(read_file(kData + "/" + file + ".tiktoken"));
  const TestCodec codec(library, services, {{"encoding", encoding.c_str()}});
  for (const Row& row : rows) {
    const std::string text = row.stable + row.merged;
    // In o200k_base a contraction belongs to its word, so nothing before it is stable.
    const bool one = row.stable == "it" && encoding == "o200k_base";
    Ids expected = one ? Ids() : codec.encode(row.stable);
    const Ids merged = reference.merge(one ? text : row.merged);
    expected.insert(expected.end(), merged.begin(), merged.end());
    INFO(encoding << ": " << row.stable << "|" << row.merged);
    CHECK(codec.encode(text) == expected);
    CHECK(codec.count(text) == expected.size());
    CHECK(codec.decode(expected) == text);
  }
}

TEST_CASE_METHOD(Fixture, "long pieces are merged by the rule") {
  const std::string file = GENERATE("r50k_base", "cl100k_base", "o200k_base");
  const ReferenceBpe reference(read_file(kData + "/" + file + ".tiktoken"));
  const TestCodec codec(library, services,
                        {{"encoding", file == "r50k_base" ? "gpt2" : file.c_str()}});
  std::mt19937 random(7);
  const auto repeat = [](const std::string& unit, std::size_t size) {
    std::string text;
    while (text.size() < size) text += unit;
    return text;
  };
  const auto letters = [&](const std::string& alphabet, std::size_t size) {
    std::string text;
    while (text.size() < size) text += alphabet[random() % alphabet.size()];
    return text;
  };
  std::vector<std::string> pieces;  // each is one piece of each pattern: letters only
  for (const std::size_t size : {90, 95, 96, 97, 98, 500, 16'384, 16'385, 50'000}) {
    pieces.push_back(std::string(size, 'a'));
    pieces.push_back(repeat("ab", size));
    pieces.push_back(repeat("thequickbrownfox", size));
    pieces.push_back(letters("ab", size));
    pieces.push_back(letters("etaoinshrdlu", size));
    pieces.push_back("\xFF" + letters("abcdefghijklmnopqrstuvwxyz \n", size));  // not UTF-8
    std::string noise = "\xFF";
    for (std::size_t i = 0; i < size; ++i) noise += static_cast<char>(random());
    pieces.push_back(noise);
  }
  for (const std::string& piece : pieces) {
    INFO(file << ": " << piece.size() << " bytes of " << piece.substr(0, 40));
    CHECK(codec.encode(piece) == reference.merge(piece));
  }
}

TEST_CASE_METHOD(Fixture, "the end of a long piece may change all tokens before it") {
  // Each pair of letters is a token, and the text walks once through all pairs, the later the lower
  // in rank. So the last two letters are merged first, and where the tokens begin depends on the
  // end of the walk, however far that is.
  const int letters = GENERATE(40, 70, 190);
  std::string walk;
  for (int i = 0; i < letters; ++i) {
    walk += static_cast<char>(i);
    for (int j = i + 1; j < letters; ++j) (walk += static_cast<char>(i)) += static_cast<char>(j);
  }
  std::string file;
  std::uint32_t rank = 0;
  for (int i = 0; i < 256; ++i) {
    file += base64({static_cast<char>(i)}) + " " + std::to_string(rank++) + "\n";
  }
  for (std::size_t i = walk.size() - 1; i > 0; --i) {
    file += base64(walk.substr(i - 1, 2)) + " " + std::to_string(rank++) + "\n";
  }
  services.files["r50k_base.tiktoken"] = file;
  const TestCodec codec(library, services, {{"encoding", "gpt2"}});
  const ReferenceBpe reference(file);
  for (const std::size_t before : {14'000, 14'001, 16'000, 30'000, 30'001}) {
    const std::string piece = std::string(before, '\xFF') + walk + std::string(20'000, '\xFE');
    INFO(letters << " letters after " << before << " bytes");
    CHECK((codec.encode(piece) == reference.merge(piece)));
    CHECK(codec.count(piece) == reference.merge(piece).size());
  }
}

TEST_CASE_METHOD(Cl100k, "a batch gives what the single calls give, whatever the threads") {
  std::vector<std::string> owned;
  for (int i = 0; i < 200; ++i) owned.push_back(std::string(i % 7, ' ') + std::to_string(i * i));
  const std::vector<std::string_view> texts(owned.begin(), owned.end());
  const unsigned threads = GENERATE(0u, 1u, 2u, 5u, 100000u);
  const std::vector<Ids> batch = codec.encode_batch(texts, threads);
  REQUIRE(batch.size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(batch[i] == codec.encode(texts[i]));
  CHECK(codec.decode_batch(batch, threads) == owned);
  CHECK(codec.encode_batch({}, threads).empty());
  CHECK(codec.decode_batch({}, threads).empty());
  const std::vector<Ids> wrong = {{1}, {2}, {3, 100256}, {100256}};
  CHECK_THAT(refused(BH_INVALID_ARGUMENT, [&] { codec.decode_batch(wrong, threads); }),
             Contains("Item 2:") && Contains("100256 at position 1"));
}

TEST_CASE_METHOD(Gpt2, "a stream holds back an incomplete character") {
  const std::string text = "\xF0\x9F\x91\x8B\xE2\x82\xAC end \xC3";
  const Ids ids = codec.encode(text);
  const std::uint64_t stream = codec.stream_open();
  std::string joined;
  for (const std::uint32_t id : ids) {
    const std::string part = codec.stream_push(stream, {id});
    joined += part;
    CHECK((part.empty() || (static_cast<unsigned char>(part.back()) & 0xC0) != 0xC0));
  }
  CHECK(joined == text.substr(0, text.size() - 1));
  refused(BH_INVALID_ARGUMENT, [&] { codec.stream_push(stream, {999999}); });
  CHECK(codec.stream_close(stream) == "\xC3");
  refused(BH_NOT_FOUND, [&] { codec.stream_close(stream); });
  refused(BH_NOT_FOUND, [&] { codec.stream_push(stream, {1}); });
}

TEST_CASE_METHOD(Gpt2, "open streams are limited") {
  std::vector<std::uint64_t> streams(1024);
  for (auto& stream : streams) stream = codec.stream_open();
  refused(BH_OVERLOADED, [&] { codec.stream_open(); });
  codec.stream_close(streams[500]);
  CHECK(codec.stream_open() != 0);
}

TEST_CASE_METHOD(Gpt2, "a call that is taken back ends soon, and progress ascends") {
  std::string text;
  while (text.size() < 8u << 20) text += "some words of a long text, ";
  const std::vector<std::string> sources = {text, std::string(8u << 20, 'a'), "\xFF" + text};
  const std::string& source = sources[GENERATE(0u, 1u, 2u)];
  TestCall call;
  std::uint64_t last = 0;
  bool ascends = true;
  call.on_progress([&](std::uint64_t done, std::uint64_t total) {
    ascends = ascends && done >= last && done <= total && total == source.size();
    last = done;
    if (done >= 1u << 20) call.cancel();
  });
  const auto params = TestCodec::params_of(source);
  refused(BH_CANCELLED, [&] { codec.encode(params, call); });
  CHECK(ascends);
  CHECK(last < 2u << 20);
}

TEST_CASE_METHOD(Gpt2, "a result above the call's output limit is refused") {
  TestCall call;
  call.limit_output(1000);
  const std::string text(5000, '.');
  const auto params = TestCodec::params_of(text);
  bh_codec_encode_result result{};
  result.struct_size = sizeof(result);
  CHECK(codec.table().encode(call, codec.instance(), &params, &result) == BH_OK);
  std::string many;
  for (int i = 0; i < 400; ++i) many += " x" + std::to_string(i);
  const auto large = TestCodec::params_of(many);
  refused(BH_OUT_OF_MEMORY, [&] { codec.encode(large, call); });
}

TEST_CASE_METHOD(Fixture, "an instance that can't be opened says why") {
  CHECK_THAT(refused(BH_INVALID_ARGUMENT,
                     [&] {
                       TestCodec(library, services, {{"encoding", "gpt5"}});
                     }),
             Contains("gpt5") && Contains("o200k_base"));
  refused(BH_INVALID_ARGUMENT, [&] { TestCodec(library, services); });
  TestServices empty("/nonexistent");
  CHECK_THAT(refused(BH_NOT_FOUND,
                     [&] {
                       TestCodec(library, empty, {{"encoding", "gpt2"}});
                     }),
             Contains("r50k_base.tiktoken"));
}

TEST_CASE_METHOD(Fixture, "a damaged vocabulary is refused with the line") {
  const std::string good = read_file(kData + "/r50k_base.tiktoken");
  const auto opened_with = [&](std::string file) {
    services.files["r50k_base.tiktoken"] = std::move(file);
    return refused(BH_DATA_INVALID, [&] { TestCodec(library, services, {{"encoding", "gpt2"}}); });
  };
  CHECK_THAT(opened_with(""), Contains("single bytes"));
  CHECK_THAT(opened_with("IQ== 0\nIg==\n"), Contains("line 2"));
  CHECK_THAT(opened_with("IQ== 0\nI!== 1\n"), Contains("line 2"));
  CHECK_THAT(opened_with("IQ== 0\nIg== 2\n"), Contains("line 2"));
  CHECK_THAT(opened_with("IQ== 0\nIg== x\n"), Contains("line 2"));
  CHECK_THAT(opened_with("IQ== 0\nIQ== 1\n"), Contains("line 2"));
  CHECK_THAT(opened_with(good.substr(0, good.size() - 3)), Contains("line 50256"));
}

TEST_CASE_METHOD(Gpt2, "a struct that is too small is refused") {
  TestCall call;
  auto params = TestCodec::params_of("x");
  params.struct_size = 8;
  refused(BH_PROTOCOL_ERROR, [&] { codec.encode(params, call); });
}
