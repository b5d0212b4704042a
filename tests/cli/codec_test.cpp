// bulkhead codec: formats, isolation, options, exit codes.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

Words codec(const std::string& verb, const Words& more) {
  Words words = {"codec", verb, "--plugin", "letters"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

How input(std::string text) {
  How how;
  how.input = std::move(text);
  return how;
}

TEST_CASE("encode writes each format, from a file and from standard input, in both isolations") {
  const World world;
  world.file("text", "Hi\n");
  const std::string isolation = GENERATE("cell", "in-process");
  const auto encode = [&](const std::string& format) {
    return world.run(codec(
        "encode", {"--encoding", "bytes", "--isolation", isolation, "--format", format, "text"}));
  };
  const Ran text = encode("text");
  INFO(text);
  CHECK(text.exit == 0);
  CHECK(text.out == "72 105 10\n");
  CHECK(encode("json").out == "[72,105,10]\n");
  CHECK(encode("u32le").out == std::string("H\0\0\0i\0\0\0\n\0\0\0", 12));
  CHECK(world.run(codec("encode", {"--isolation", isolation}), input("Hi\n")).out == "72 105 10\n");
  CHECK(world.run(codec("encode", {"--isolation", isolation, "-"}), input("")).out == "\n");
}

TEST_CASE("decode reads each format and writes the bytes") {
  const World world;
  const std::string bytes = std::string("a\0\xFF\n", 4);
  const auto decode = [&](const std::string& format, const std::string& ids) {
    return world.run(codec("decode", {"--format", format}), input(ids));
  };
  CHECK(decode("text", " 97\t0 255\n10").out == bytes);
  CHECK(decode("json", "[97, 0, 255, 10]").out == bytes);
  CHECK(decode("json", R"({"count": 4, "other": [1], "ids": [97, 0, 255, 10]})").out == bytes);
  CHECK(decode("u32le", std::string("a\0\0\0\0\0\0\0\xFF\0\0\0\n\0\0\0", 16)).out == bytes);
  CHECK(decode("text", "").out.empty());
}

TEST_CASE("what encode writes decode reads, also for bytes that are no text") {
  const World world;
  std::string bytes;
  for (int i = 0; i < 300000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  const std::string format = GENERATE("u32le", "json", "text");
  const Ran ids = world.run(codec("encode", {"--format", format}), input(bytes));
  CHECK(world.run(codec("decode", {"--format", format}), input(ids.out)).out == bytes);
}

TEST_CASE("malformed ids are refused with the place, exit 4") {
  const World world;
  struct Bad {
    const char *format, *ids, *words;
  };
  const Bad bad = GENERATE(values<Bad>({
      {"text", "1 2x 3", "byte 2: \"2x\""},
      {"text", "1 -2", "\"-2\""},
      {"text", "[1,2,3]", "This looks like JSON: read it with --format json."},
      {"text", "4294967296", "4294967296"},
      {"json", "[1, 2", "byte 5: this is not JSON"},
      {"json", "[1, 2.5]", "a fraction"},
      {"json", "[4294967296]", "4294967296"},
      {"json", "[1, [2]]", "an array stands"},
      {"json", "{\"tokens\": [1]}", "no token ids"},
      {"json", "7", "no token ids"},
      {"u32le", "12345", "5 bytes, no multiple of 4"},
  }));
  const Ran ran = world.run(codec("decode", {"--format", bad.format}), input(bad.ids));
  INFO(ran);
  CHECK(ran.exit == 4);
  CHECK(ran.out.empty());
  CHECK(ran.err.find("bulkhead: standard input") == 0);
  CHECK(ran.err.find(bad.words) != std::string::npos);
}

TEST_CASE("tokenize shows pieces as lines or as JSON") {
  const World world;
  CHECK(world.run(codec("tokenize", {}), input("a\n\\\xFF")).out == "a\n\\n\n\\\\\n\\xFF\n");
  CHECK(world.run(codec("tokenize", {"--format", "json"}), input("a\n\"\xFF")).out ==
        "[\"a\",\"\\n\",\"\\\"\",{\"base64\":\"/w==\"}]\n");
  CHECK(world.run(codec("tokenize", {"--format", "u32le"}), input("a")).exit == 2);
}

TEST_CASE("count gives a number") {
  const World world;
  CHECK(world.run(codec("count", {}), input("four")).out == "4\n");
  CHECK(json::parse(world.run(codec("count", {"--json"}), input("four")).out)["count"] == 4);
}

TEST_CASE("--json gives ids with plugin, isolation and level") {
  const World world;
  Words words = codec("encode", {"--isolation", "in-process"});
  words.insert(words.begin(), "--json");
  const json answer = json::parse(world.run(words, input("ab")).out);
  CHECK(answer["ids"] == json({97, 98}));
  CHECK(answer["count"] == 2);
  CHECK(answer["plugin"] == "letters");
  CHECK(answer["version"] == "1.2.0");
  CHECK(answer["isolation"] == "in-process");
  CHECK(answer["level"] == 0);
  const json text = json::parse(world.run(codec("decode", {"--json"}), input("97 98")).out);
  CHECK(text["text"] == "ab");
}

TEST_CASE("special tokens are ordinary text, allowed, or refused") {
  const World world;
  const std::string text = "a<|end|>";
  CHECK(world.run(codec("encode", {}), input(text)).out == "97 60 124 101 110 100 124 62\n");
  CHECK(world.run(codec("encode", {"--allow-special", "<|end|>"}), input(text)).out == "97 256\n");
  CHECK(world.run(codec("encode", {"--allow-special", "all", "-"}), input(text)).out == "97 256\n");
  const Ran refused = world.run(codec("encode", {"--disallow-special", "all"}), input(text));
  CHECK(refused.exit == 1);
  CHECK(refused.err.find("disallowed") != std::string::npos);
}

TEST_CASE("--output is written whole, keeps the file's mode, and reports with --json") {
  const World world;
  world.file("ids", "old");
  std::filesystem::permissions(world.folder() / "ids", std::filesystem::perms(0640));
  const Ran ran =
      world.run(codec("encode", {"--json", "--format", "json", "--output", "ids"}), input("ab"));
  CHECK(ran.exit == 0);
  CHECK(world.content("ids") == "[97,98]\n");
  CHECK(std::filesystem::status(world.folder() / "ids").permissions() ==
        std::filesystem::perms(0640));
  CHECK(json::parse(ran.out)["bytes"] == 8);
  CHECK(world.names() == std::vector<std::string>{"ids"});
}

TEST_CASE("each kind of failure has its exit code and its status word") {
  const World world;
  world.file("segv", "segv");
  world.file("minute", "60000");
  struct Bad {
    Words words;
    int exit;
    std::string status;
  };
  const Bad bad = GENERATE(values<Bad>({
      {{"codec", "encode", "--plugin", "no_such_plugin"}, 3, "not_found"},
      {{"codec", "encode", "--plugin", "letters@^9"}, 3, "not_found"},
      {{"codec", "encode", "--plugin", "letters", "no_such_file"}, 3, "not_found"},
      {{"codec", "encode", "--plugin", "letters", "."}, 4, "io_error"},
      {{"codec", "encode", "--plugin", "letters", "--format", "hex"}, 2, "usage"},
      {{"codec", "encode", "--plugin", "letters", "--isolation", "maybe"}, 2, "usage"},
      {{"codec", "encode", "--plugin", "letters", "--timeout", "5"}, 2, "usage"},
      {{"codec", "encode", "--plugin", "letters", "--config", "encoding"}, 2, "usage"},
      {{"codec", "encode", "--plugin", "letters", "--encoding", "none"}, 2, "invalid_argument"},
      {{"codec", "encode", "--plugin", "crash_call", "--isolation", "cell", "segv"},
       7,
       "plugin_crashed"},
      {{"codec", "encode", "--plugin", "slow", "--timeout", "100ms", "minute"},
       6,
       "deadline_exceeded"},
      {{"codec", "encode", "--policy", "no_such_policy", "--plugin", "letters"}, 4, "data_invalid"},
  }));
  const Ran plain = world.run(bad.words);
  INFO(plain);
  CHECK(plain.exit == bad.exit);
  CHECK(plain.out.empty());
  CHECK(plain.err.find("bulkhead: ") != std::string::npos);

  Words words = bad.words;
  words.push_back("--json");
  const Ran ran = world.run(words);
  INFO(ran);
  CHECK(ran.exit == bad.exit);
  CHECK(json::parse(ran.out)["error"]["status"] == bad.status);
  CHECK(!json::parse(ran.out)["error"]["message"].get<std::string>().empty());
}

}  // namespace
}  // namespace bulkhead::test
