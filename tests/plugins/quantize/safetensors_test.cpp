// The header of a safetensors file: what is read, and what is refused with which words.
#include <catch2/catch.hpp>

#include <random>

#include "plugins/quantize/plan.hpp"
#include "plugins/quantize/safetensors.hpp"

using namespace quantize;
using Catch::Matchers::Contains;

namespace {

Header parse(std::string_view json, std::uint64_t data_size) {
  return parse_header(json, data_size, [] {});
}

std::string refused(std::string_view json, std::uint64_t data_size) {
  try {
    parse(json, data_size);
  } catch (const Malformed& error) {
    return error.what();
  }
  FAIL("accepted: " << json.substr(0, 200));
  return {};
}

std::string entry(const std::string& name, const std::string& rest) {
  return "\"" + name + "\":{" + rest + "}";
}
// One tensor "w" with these keys; valid ones need 4 bytes of data.
std::string w(const std::string& rest) { return "{" + entry("w", rest) + "}"; }
const std::string kGood = R"("dtype":"F32","shape":[1,1],"data_offsets":[0,4])";

}  // namespace

TEST_CASE("a header is read, in the order of the data") {
  const Header header = parse(
      R"({"b":{"dtype":"F16","shape":[2,3],"data_offsets":[8,20]},)"
      R"("__metadata__":{"format":"pt","":"\u00e9"},)"
      R"("a":{"shape":[],"data_offsets":[0,8],"dtype":"I64"},)"
      R"("none":{"dtype":"F64","shape":[0,18446744073709551615,3],"data_offsets":[20,20]}}   )",
      20);
  REQUIRE(header.tensors.size() == 3);
  CHECK(header.tensors[0].name == "a");
  CHECK(header.tensors[0].numbers == 1);
  CHECK(header.tensors[0].format->name == "I64");
  CHECK(header.tensors[1].name == "b");
  CHECK(header.tensors[1].shape == std::vector<std::uint64_t>{2, 3});
  CHECK(header.tensors[1].numbers == 6);
  CHECK(header.tensors[2].numbers == 0);
  CHECK(header.metadata == Metadata{{"format", "pt"}, {"", "\xC3\xA9"}});
  CHECK(parse("{}", 0).tensors.empty());
  CHECK(parse("{" + entry("w", kGood) + "}", 4).tensors.size() == 1);  // what refusals start from
}

TEST_CASE("what is not a header of the format is refused, with the place") {
  struct Row {
    std::string json;
    const char* words;
    std::uint64_t data_size = 4;
  };
  const std::vector<Row> rows = {
      {"", "does not begin with '{'"},
      {" {}", "does not begin with '{'"},
      {"[]", "does not begin with '{'"},
      {"{", "no JSON, from its byte 2"},
      {"{}x", "no JSON, from its byte 3"},
      {"{\"w\"", "no JSON"},
      {"{\"\xFF\":1}", "no JSON"},
      {"{\"w\":[]}", "tensor \"w\": an array stands where"},
      {"{\"w\":5}", "tensor \"w\": a number stands"},
      {"{\"w\":null}", "tensor \"w\": null stands"},
      {"{\"w\":true}", "tensor \"w\": a boolean stands"},
      {"{\"w\":\"F32\"}", "tensor \"w\": a string stands"},
      {"{\"w\":{}}", "tensor \"w\": one of dtype, shape and data_offsets is missing"},
      {R"({"__metadata__":5})", "__metadata__: a number stands"},
      {R"({"__metadata__":[]})", "__metadata__: an array stands"},
      {R"({"__metadata__":{"a":1}})", "__metadata__: a number stands"},
      {R"({"__metadata__":{"a":{}}})", "__metadata__: an object stands"},
      {R"({"__metadata__":{"a":"1","a":"2"}})", "__metadata__: \"a\" is there twice", 0},
      {R"({"__metadata__":{},"__metadata__":{}})", "__metadata__ is there twice", 0},
      {w(R"("dtype":"F32","shape":[1,1])"), "is missing"},
      {w(R"("dtype":"F32","data_offsets":[0,4])"), "is missing"},
      {w(R"("shape":[1],"data_offsets":[0,4])"), "is missing"},
      {w(kGood + R"(,"dtype":"F32")"), "tensor \"w\": dtype is there twice"},
      {w(kGood + R"(,"shape":[])"), "tensor \"w\": shape is there twice"},
      {w(kGood + R"(,"strides":[1])"), "tensor \"w\": the format has no key \"strides\""},
      {w(R"("dtype":"F4","shape":[8],"data_offsets":[0,4])"), "its dtype is \"F4\"; known are"},
      {w(R"("dtype":["F32"],"shape":[1],"data_offsets":[0,4])"), "an array stands"},
      {w(R"("dtype":4,"shape":[1],"data_offsets":[0,4])"), "a number stands"},
      {w(R"("dtype":"F32","shape":"1","data_offsets":[0,4])"), "a string stands"},
      {w(R"("dtype":"F32","shape":[[1]],"data_offsets":[0,4])"), "an array stands"},
      {w(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), "a negative number stands"},
      {w(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"), "no integer of 64 bits"},
      {w(R"("dtype":"F32","shape":[1e0],"data_offsets":[0,4])"), "no integer of 64 bits"},
      {w(R"("dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4])"),
       "no integer of 64 bits"},
      {w(R"("dtype":"F32","shape":[null],"data_offsets":[0,4])"), "null stands"},
      {w(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), "data_offsets needs two"},
      {w(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,4])"), "more than two"},
      {w(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), "descend"},
      {w(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"),
       "needs 8 bytes, its data_offsets give it 4"},
      {w(R"("dtype":"F32","shape":[0],"data_offsets":[0,4])"), "needs 0 bytes"},
      {w(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"),
       "more bytes than a file can have"},
      {w(R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])"),
       "more bytes than a file can have"},  // times 4 it is 4 again
      {w(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"),
       "begin at 4, those before it end at 0", 8},
      {w(kGood), "end at 4, those of the file at 5", 5},
      {w(kGood), "end at 4, those of the file at 3", 3},
      {"{}", "end at 0, those of the file at 1", 1},
      {"{" + entry("a", kGood) + "," + entry("a", kGood) + "}", "tensor \"a\" is there twice"},
      {"{" + entry("a", kGood) + "," + entry("b", kGood) + "}",
       "tensor \"b\": its data begin at 0, those before it end at 4"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.json);
    CHECK_THAT(refused(row.json, row.data_size), Contains(row.words));
  }
  CHECK_THAT(refused(std::string_view("{}\0", 3), 0), Contains("zero byte"));
  CHECK_THAT(refused(std::string_view("{}\0x", 4), 0), Contains("zero byte"));
}

TEST_CASE("a hostile header can't make the reader work without bound") {
  std::string shape;
  for (std::size_t i = 0; i < kMostDimensions; ++i) shape += "1,";
  CHECK_THAT(refused(w(R"("dtype":"F32","shape":[)" + shape + R"(1],"data_offsets":[0,4])"), 4),
             Contains("more than 64 dimensions"));
  CHECK(parse(w(R"("dtype":"F32","shape":[)" + shape.substr(2) + R"(1],"data_offsets":[0,4])"), 4)
            .tensors.size() == 1);
  CHECK_THAT(refused("{\"w\":" + std::string(1'000'000, '['), 0), Contains("an array stands"));
  CHECK_THAT(refused("{\"w\":" + std::string(1'000'000, '{'), 0), Contains("no JSON"));
  std::string many = "{\"__metadata__\":{";
  for (std::size_t i = 0; i <= kMostMetadata; ++i) many += "\"" + std::to_string(i) + "\":\"\",";
  CHECK_THAT(refused(many, 0), Contains("more than 100000 keys"));
  many = "{";
  const std::string empty = R"("dtype":"F32","shape":[0],"data_offsets":[0,0])";
  for (std::size_t i = 0; i <= kMostTensors; ++i) many += entry(std::to_string(i), empty) + ",";
  CHECK_THAT(refused(many, 0), Contains("more than 250000 tensors"));
}

TEST_CASE("reading a long header asks now and then whether to stop") {
  std::string many = "{\"__metadata__\":{\"0\":\"\"";
  for (int i = 1; i < 50'000; ++i) many += ",\"" + std::to_string(i) + "\":\"\"";
  int polls = 0;
  parse_header(many + "}}", 0, [&] { ++polls; });
  CHECK(polls >= 10);
}

TEST_CASE("the size of a header is checked before it is read") {
  const auto refused_size = [](std::string_view first, std::uint64_t file_size) {
    try {
      header_size(first, file_size);
    } catch (const Malformed& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  using namespace std::string_view_literals;
  CHECK(header_size("\2\1\0\0\0\0\0\0"sv, 266) == 258);
  CHECK_THAT(refused_size("\2\1\0\0\0\0\0\0"sv, 265), Contains("ends after 257"));
  CHECK_THAT(refused_size("\0\0\0\0\0\0\0\x80"sv, 100),
             Contains("9223372036854775808 bytes; at most"));
  CHECK_THAT(refused_size("\1\xE1\xF5\5\0\0\0\0"sv, UINT64_MAX),
             Contains("100000001 bytes; at most"));
  CHECK(header_size("\0\xE1\xF5\5\0\0\0\0"sv, UINT64_MAX) == kLongestHeader);
  CHECK_THAT(refused_size("\0\0\0"sv, 3), Contains("has 3 bytes"));
}

TEST_CASE("what is written is read back, and begins the data at a multiple of 8") {
  for (int extra = 0; extra < 9; ++extra) {
    Tensor tensor{"w\n\"\xC3\xA9", number_format("F32"), {2, 3}, 0, 24, 6};
    Tensor other{
        std::string(static_cast<std::size_t>(extra), 'x'), number_format("I8"), {}, 24, 25, 1};
    const Metadata metadata = {{"format", "pt"}, {"key \\", "value \x01"}};
    const std::string file = write_header(metadata, {tensor, other});
    CHECK(file.size() % 8 == 0);
    const std::uint64_t size = header_size(std::string_view(file).substr(0, 8), file.size());
    CHECK(size == file.size() - 8);
    const Header header = parse(std::string_view(file).substr(8), 25);
    CHECK(header.metadata == metadata);
    REQUIRE(header.tensors.size() == 2);
    CHECK(header.tensors[0].name == tensor.name);
    CHECK(header.tensors[0].shape == tensor.shape);
    CHECK(header.tensors[1].name == other.name);
    CHECK(header.data_begin == file.size());
  }
}

TEST_CASE("a header with random damage is read or refused") {
  const std::string good =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
      R"("b":{"dtype":"BF16","shape":[3,1],"data_offsets":[16,22]}})";
  std::mt19937 random(1);
  const std::string_view letters = "{}[]\",:0123456789eE.-\\ux \xFF";
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string json = good;
    for (unsigned n = random() % 4; n-- > 0;) {
      const std::size_t at = random() % json.size();
      switch (random() % 3) {
        case 0:
          json[at] = letters[random() % letters.size()];
          break;
        case 1:
          json.erase(at, random() % 8);
          break;
        default:
          json.insert(at, 1, letters[random() % letters.size()]);
      }
    }
    try {
      const Header header = parse(json, 22);
      ++accepted;
      std::uint64_t bytes = 0;
      for (const Tensor& tensor : header.tensors) bytes += tensor.bytes();
      REQUIRE(bytes == 22);
      make_plan(header);
    } catch (const std::runtime_error&) {
    }
  }
  CHECK(accepted > 10'000);  // those without damage
  CHECK(accepted < 40'000);
}

TEST_CASE("a name in a message is short and printable, and cut between characters") {
  CHECK(shown("a\nb\x7F") == "\"a?b?\"");
  CHECK(shown(std::string(100, 'x')) == "\"" + std::string(100, 'x') + "\"");
  CHECK(shown(std::string(99, 'x') + "\xC3\xA9") == "\"" + std::string(99, 'x') + "...\"");
  CHECK(shown(std::string(101, 'x')) == "\"" + std::string(100, 'x') + "...\"");
}
