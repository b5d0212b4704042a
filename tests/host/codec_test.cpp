// en_gpt2 through the host, in both modes: the same ids as tiktoken, on everything. The plugin's
// own tests (tests/plugins/en_gpt2) look closer at each rule; here the way through the host counts.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;
using Ids = CodecClient::Ids;

namespace {

const std::string kExpectations = EN_GPT2_EXPECTATIONS;  // made from tiktoken, see its CMakeLists

Ids read_ids(const std::string& file) {
  const std::string bytes = read_file(file);
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

// Each text follows its size, 32 bits.
std::vector<std::string_view> counted_texts(const std::string& file) {
  std::vector<std::string_view> texts;
  for (std::size_t at = 0; at < file.size();) {
    std::uint32_t size;
    std::memcpy(&size, file.data() + at, 4);
    texts.push_back(std::string_view(file).substr(at + 4, size));
    at += 4 + size;
  }
  return texts;
}

// The ids of each text follow their count.
std::vector<Ids> counted_ids(const Ids& file) {
  std::vector<Ids> lists;
  for (std::size_t at = 0; at < file.size(); at += 1 + file[at]) {
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at + 1);
    lists.emplace_back(begin, begin + file[at]);
  }
  return lists;
}

struct EnGpt2 : BothModes {
  CodecClient open(const std::string& encoding) {
    return codec("en_gpt2", {{"encoding", encoding}});
  }
  static std::string any_encoding() { return GENERATE("gpt2", "cl100k_base", "o200k_base"); }
};

SpecialTokens allow_all() {
  SpecialTokens special;
  special.allow_all = true;
  return special;
}

}  // namespace

TEST_CASE_METHOD(EnGpt2, "real text in three languages has tiktoken's ids") {
  const std::string encoding = any_encoding();
  const CodecClient codec = open(encoding);
  for (const char* language : {"en", "zh", "ja"}) {
    const std::string base = kExpectations + "/" + language;
    const std::string text = read_file(base + ".txt");
    const Ids expected = read_ids(base + "." + encoding + ".u32");
    INFO(encoding << ", " << language);
    REQUIRE(expected.size() > 100'000);
    CHECK(codec.encode(text) == expected);
    CHECK(codec.count(text) == expected.size());
    CHECK(codec.decode(expected) == text);
    const std::vector<std::string_view> lines = lines_of(text);
    const auto wanted = counted_ids(read_ids(base + ".lines." + encoding + ".u32"));
    CHECK(codec.encode_batch(lines, {}, 2) == wanted);
    const std::vector<std::string> decoded = codec.decode_batch(wanted, 2);
    CHECK(std::equal(decoded.begin(), decoded.end(), lines.begin(), lines.end()));
  }
}

TEST_CASE_METHOD(EnGpt2, "20,000 lines of random Unicode have tiktoken's ids") {
  const std::string encoding = any_encoding();
  const CodecClient codec = open(encoding);
  const std::string file = read_file(kExpectations + "/random.texts");
  const std::vector<std::string_view> texts = counted_texts(file);
  const auto expected = counted_ids(read_ids(kExpectations + "/random." + encoding + ".u32"));
  REQUIRE(texts.size() == 20'000);
  CHECK(codec.encode_batch(texts) == expected);
  for (std::size_t i = 0; i < texts.size(); i += 40) {
    INFO("text " << i);
    REQUIRE(codec.encode(texts[i]) == expected[i]);
    REQUIRE(codec.decode(expected[i]) == texts[i]);
  }
}

TEST_CASE_METHOD(EnGpt2, "a few ids that everybody knows") {
  CHECK(open("gpt2").encode("hello world") == Ids{31373, 995});
  CHECK(open("cl100k_base").encode("hello world") == Ids{15339, 1917});
  CHECK(open("o200k_base").encode("hello world") == Ids{24912, 2375});
  CHECK(codec("en_gpt2").encode("\xF0\x9F\x91\x8B") == Ids{41840, 233});  // gpt2 is the default
}

TEST_CASE_METHOD(EnGpt2, "an empty text has no ids") {
  const CodecClient codec = open(any_encoding());
  CHECK(codec.encode("").empty());
  CHECK(codec.count("") == 0);
  CHECK(codec.tokenize("").empty());
  CHECK(codec.decode({}).empty());
  CHECK(codec.encode_with_offsets("").offsets == std::vector<std::uint64_t>{0});
  const std::vector<std::string_view> texts = {"", "a", ""};
  CHECK(codec.encode_batch(texts) == std::vector<Ids>{{}, codec.encode("a"), {}});
}

TEST_CASE_METHOD(EnGpt2, "50 MB go in and come back") {
  constexpr std::size_t kSize = 50'000'000;
  const std::string piece = "It's 12345 words, \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E, again.\n";
  std::string text;
  text.reserve(kSize + piece.size());
  while (text.size() < kSize) text += piece;
  const CodecClient codec = open("cl100k_base");
  const Ids ids = codec.encode(text);
  CHECK(codec.count(text) == ids.size());
  CHECK(codec.decode(ids) == text);
}

TEST_CASE_METHOD(EnGpt2, "special tokens are ordinary text unless they are allowed") {
  const CodecClient codec = open("cl100k_base");
  const std::string text = "a<|endoftext|>b<|fim_prefix|>c";
  const Ids ordinary = codec.encode(text);
  CHECK(*std::max_element(ordinary.begin(), ordinary.end()) < 100256);
  EncodeOptions options;
  options.special = allow_all();
  CHECK(codec.encode(text, options) == Ids{64, 100257, 65, 100258, 66});
  options.special = {};
  options.special.allowed = {"<|fim_prefix|>"};
  const Ids one = codec.encode(text, options);
  CHECK(std::count(one.begin(), one.end(), 100257u) == 0);
  CHECK(std::count(one.begin(), one.end(), 100258u) == 1);
  CHECK(codec.decode(Ids{64, 100257, 65}) == "a<|endoftext|>b");
}

TEST_CASE_METHOD(TestHost, "errors of the codec are the same in both modes, word for word") {
  const auto compare = [&](const std::function<void(const CodecClient&)>& call, Status status,
                           const std::string& words) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const CodecClient codec =
          this->codec("en_gpt2", isolation, {{"encoding", std::string("cl100k_base")}});
      return failure_of([&] { call(codec); });
    });
    CHECK(here == there);
    CHECK(here.status == status);
    CHECK_THAT(here.message, Contains(words) && Contains("en_gpt2"));
  };
  EncodeOptions disallow;
  disallow.special.disallow_all = true;
  const auto encode = [&](const CodecClient& codec) { codec.encode("a<|endoftext|>", disallow); };
  compare(encode, Status::disallowed_special, "<|endoftext|>");
  compare([&](const CodecClient& codec) { codec.count("a<|endoftext|>", disallow); },
          Status::disallowed_special, "<|endoftext|>");
  EncodeOptions unknown;
  unknown.special.allowed = {"<|nonsense|>"};
  compare([&](const CodecClient& codec) { codec.encode("a", unknown); }, Status::invalid_argument,
          "<|nonsense|>");
  compare(
      [](const CodecClient& codec) {
        codec.decode(Ids{1, 2, 100'277});
      },
      Status::invalid_argument, "100277");
  compare(
      [](const CodecClient& codec) {
        const std::vector<Ids> lists = {{1}, {2, 4'000'000'000}};
        codec.decode_batch(lists);
      },
      Status::invalid_argument, "4000000000");
  compare(
      [](const CodecClient& codec) {
        DecodeStream stream = codec.decode_stream();
        stream.push(Ids{4'000'000'000});
      },
      Status::invalid_argument, "4000000000");
  compare(
      [](const CodecClient& codec) {
        DecodeStream stream = codec.decode_stream();
        stream.finish();
        stream.push(Ids{1});
      },
      Status::not_found, "stream");
  compare(
      [](const CodecClient& codec) {
        std::vector<DecodeStream> streams;
        for (int i = 0; i < 1'000'000; ++i) streams.push_back(codec.decode_stream());
      },
      Status::overloaded, "stream");
}

TEST_CASE_METHOD(TestHost, "what is not UTF-8 has the same ids in both modes, and comes back") {
  const std::string text =
      GENERATE(std::string("\xFF"), std::string("\xC3"), std::string("hello world\xE2\x82"),
               std::string("one, two\xED\xA0\x80 three"), std::string("x\0\0y", 4),
               std::string("!!\xFE!!"), std::string("\xF4\x90\x80\x80"));
  const auto [here, there] = in_both([&](Isolation isolation) {
    const CodecClient codec = this->codec("en_gpt2", isolation);
    const Ids ids = codec.encode(text);
    CHECK(codec.decode(ids) == text);
    CHECK(codec.count(text) == ids.size());
    return ids;
  });
  CHECK(here == there);
  CHECK(!here.empty());
}

TEST_CASE_METHOD(EnGpt2, "tokens, offsets and limits agree with the ids") {
  const std::string encoding = any_encoding();
  const CodecClient codec = open(encoding);
  const std::string text = "Offsets, f\xC3\xBCr \xE6\x97\xA5\xE6\x9C\xAC <|endoftext|> done";
  EncodeOptions options;
  options.special = allow_all();
  const Encoding whole = codec.encode_with_offsets(text, options);
  const std::vector<std::string> pieces = codec.tokenize(text, options);
  CHECK(whole.ids == codec.encode(text, options));
  CHECK(!whole.truncated);
  REQUIRE(whole.offsets.size() == whole.ids.size() + 1);
  REQUIRE(pieces.size() == whole.ids.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    CHECK(pieces[i] == text.substr(whole.offsets[i], whole.offsets[i + 1] - whole.offsets[i]));
    CHECK(pieces[i] == codec.decode(Ids{whole.ids[i]}));
  }
  options.max_tokens = 3;
  const Encoding part = codec.encode_with_offsets(text, options);
  CHECK(part.truncated);
  CHECK(part.ids == Ids(whole.ids.begin(), whole.ids.begin() + 3));
  CHECK(codec.count(text, options) == 3);
}

TEST_CASE_METHOD(EnGpt2, "a stream gives whole characters only, wherever the ids are cut") {
  const CodecClient codec = open(any_encoding());
  const std::string text =
      "\xF0\x9F\x91\x8B\xF0\x9F\x8F\xBD caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC"
      "\xE8\xAA\x9E \xF0\x9F\xA6\x91!";
  const Ids ids = codec.encode(text);
  for (const std::size_t size : {1u, 2u, 3u, 100u}) {
    DecodeStream stream = codec.decode_stream();
    std::string sum;
    for (std::size_t at = 0; at < ids.size(); at += size) {
      const std::size_t count = std::min(size, ids.size() - at);
      sum += stream.push(std::span(ids).subspan(at, count));
      // What was given so far never ends inside of a character.
      REQUIRE(text.substr(0, sum.size()) == sum);
      REQUIRE((sum.size() == text.size() || (text[sum.size()] & 0xC0) != 0x80));
    }
    sum += stream.finish();
    CHECK(sum == text);
  }
}

TEST_CASE_METHOD(EnGpt2, "what a stream holds back comes at its end") {
  const CodecClient codec = open("gpt2");
  const Ids wave = codec.encode("\xF0\x9F\x91\x8B");  // two ids: 41840, 233
  DecodeStream stream = codec.decode_stream();
  CHECK(stream.push(Ids{wave.front()}).empty());
  CHECK(stream.finish() == "\xF0\x9F\x91");
}

TEST_CASE_METHOD(EnGpt2, "streams of one instance are apart") {
  const CodecClient codec = open("gpt2");
  const Ids wave = codec.encode("\xF0\x9F\x91\x8B");
  DecodeStream first = codec.decode_stream(), second = codec.decode_stream();
  CHECK(first.push(Ids{wave[0]}).empty());
  CHECK(second.push(Ids{15}) == "0");
  CHECK(first.push(Ids{wave[1]}) == "\xF0\x9F\x91\x8B");
  CHECK(second.finish().empty());
  CHECK(first.finish().empty());
}

TEST_CASE_METHOD(TestHost,
                 "the streams of a crashed cell are gone, and no other takes their place") {
  Plugin plugin = load("en_gpt2", Isolation::cell);
  const CodecClient codec = plugin.codec();
  DecodeStream old = codec.decode_stream();
  CHECK(old.push(Ids{41840}).empty());
  const int first = plugin.process();
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(eventually([&] { return plugin.process() != first; }));
  DecodeStream young = codec.decode_stream();
  CHECK(young.push(Ids{41840}).empty());
  CHECK(failure_of([&] { old.push(Ids{233}); }).status == Status::not_found);
  CHECK(young.push(Ids{233}) == "\xF0\x9F\x91\x8B");
}

TEST_CASE_METHOD(EnGpt2, "the facts about a vocabulary come through") {
  const CodecInfo info = open("cl100k_base").info();
  CHECK(info.name == "cl100k_base");
  CHECK(info.languages == "mul");
  CHECK(info.vocabulary == 100'261);
  CHECK(info.max_id == 100'276);
  CHECK(info.max_token_bytes == 128);
  REQUIRE(info.special.size() == 5);
  CHECK(info.special.front().text == "<|endoftext|>");
  CHECK(info.special.front().id == 100'257);
}

TEST_CASE_METHOD(EnGpt2, "an unknown encoding is refused with the choices") {
  const Failure failure = failure_of([&] { open("gpt3"); });
  CHECK(failure.status == Status::invalid_argument);
  CHECK_THAT(failure.message, Contains("gpt3") && Contains("cl100k_base") && Contains("encoding"));
}
