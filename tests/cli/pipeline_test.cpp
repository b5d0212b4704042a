// bulkhead run: order, outputs, records, and every mistake that a pipeline file can have.
#include <regex>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;

const std::string kRoundtrip = R"(pipeline = 1
name = "roundtrip"

[variables]
mode = "cell"

[[step]]
name = "same"
compare = ["corpus.txt", "@decode"]

[[step]]
name = "decode"
plugin = "letters@^1"
method = "decode"
isolation = "${mode}"
input = "@encode"
output = "roundtrip.txt"

[[step]]
name = "encode"
plugin = "letters"
method = "encode"
config = { encoding = "bytes" }
input = "corpus.txt"
output = "corpus.u32"
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const json& step(const json& record, const std::string& name) {
  for (const json& step : record["steps"])
    if (step["name"] == name) return step;
  throw std::runtime_error("no step " + name);
}

TEST_CASE("a pipeline runs in dependency order, writes its outputs and a record") {
  World world;
  world.file("corpus.txt", "Hello\n");
  world.file("roundtrip.toml", kRoundtrip);
  const Ran ran = world.run({"run", "roundtrip.toml"});
  INFO(ran);
  REQUIRE(ran.exit == 0);
  CHECK(world.content("roundtrip.txt") == "Hello\n");
  CHECK(world.content("corpus.u32").size() == 24);
  CHECK(ran.err.find("encode: started") < ran.err.find("decode: started"));
  CHECK(ran.err.find("decode: started") < ran.err.find("same: started"));
  CHECK(ran.err.find('\x1b') == std::string::npos);  // no bars where there is no terminal
  CHECK(world.names() == std::vector<std::string>{"corpus.txt", "corpus.u32", "roundtrip.run.json",
                                                  "roundtrip.toml", "roundtrip.txt"});

  const json record = json::parse(world.content("roundtrip.run.json"));
  CHECK(record["format"] == 1);
  CHECK(record["status"] == "ok");
  CHECK(record["pipeline"]["name"] == "roundtrip");
  CHECK(record["pipeline"]["sha256"].get<std::string>().size() == 64);
  CHECK(std::regex_match(record["started"].get<std::string>(),
                         std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
  const json& encode = step(record, "encode");
  CHECK(encode["plugin"]["id"] == "letters");
  CHECK(encode["plugin"]["version"] == "1.2.0");
  CHECK(encode["plugin"]["package_hash"].get<std::string>().size() == 64);
  CHECK(encode["isolation"] == "cell");
  CHECK(encode["level"]["number"].is_number_integer());
  // sha256 of "Hello\n", as sha256sum prints it.
  CHECK(encode["inputs"][0]["sha256"] ==
        "66a045b452102c59d840ec097d59d9467e13a3f34f6494e539ffd32c1bb35f18");
  CHECK(encode["inputs"][0]["bytes"] == 6);
  CHECK(encode["output"]["bytes"] == 24);
  CHECK(step(record, "decode")["inputs"][0]["sha256"] == encode["output"]["sha256"]);
  CHECK(step(record, "decode")["output"]["sha256"] == encode["inputs"][0]["sha256"]);
}

TEST_CASE("--set, --isolation and --record change a run") {
  World world;
  world.file("corpus.txt", "Hello\n");
  world.file("roundtrip.toml", kRoundtrip);
  CHECK(
      world.run({"run", "roundtrip.toml", "--set", "mode=in-process", "--record", "r.json"}).exit ==
      0);
  json record = json::parse(world.content("r.json"));
  CHECK(step(record, "decode")["isolation"] == "in-process");
  CHECK(step(record, "encode")["isolation"] == "cell");
  CHECK(record["variables"]["mode"] == "in-process");
  const Ran ran = world.run({"run", "roundtrip.toml", "--json", "--isolation", "in-process"});
  record = json::parse(ran.out);
  CHECK(step(record, "encode")["isolation"] == "in-process");

  const Ran wrong = world.run({"run", "roundtrip.toml", "--set", "mod=cell"});
  CHECK(wrong.exit == 2);
  CHECK(wrong.err.find("did you mean 'mode'?") != std::string::npos);
}

TEST_CASE("every method and format can be a step") {
  World world;
  world.file("a.txt", "a<|end|>");
  world.file("all.toml", R"(pipeline = 1
name = "all"
[[step]]
name = "ids"
plugin = "letters"
method = "encode"
format = "json"
allow_special = ["all"]
input = "a.txt"
output = "ids.json"
[[step]]
name = "back"
plugin = "letters"
method = "decode"
input = "@ids"
output = "back.txt"
[[step]]
name = "pieces"
plugin = "letters"
method = "tokenize"
format = "json"
input = "a.txt"
output = "pieces.json"
[[step]]
name = "count"
plugin = "letters"
method = "count"
input = "a.txt"
output = "count.txt"
[[step]]
name = "call"
plugin = "letters"
method = "info"
params = "{}"
output = "info.json"
)");
  const Ran ran = world.run({"run", "all.toml"});
  INFO(ran);
  REQUIRE(ran.exit == 0);
  CHECK(world.content("ids.json") == "[97,256]\n");
  CHECK(world.content("back.txt") == "a<|end|>");
  CHECK(json::parse(world.content("pieces.json")).size() == 8);
  CHECK(world.content("count.txt") == "8\n");
  CHECK(json::parse(world.content("info.json"))["name"] == "null");
}

TEST_CASE("a failing step stops the run, is named, and what was finished stays") {
  World world;
  world.file("corpus.txt", "Hello\n");
  world.file("roundtrip.txt", "old");
  world.file("segv", "segv");
  SECTION("a comparison that fails") {
    world.file("roundtrip.toml", replaced(kRoundtrip, "\"corpus.txt\", \"@", "\"segv\", \"@"));
    const Ran ran = world.run({"run", "roundtrip.toml"});
    INFO(ran);
    CHECK(ran.exit == 1);
    CHECK(ran.err.find("step \"same\": \"segv\" (4 bytes) and the result of step decode (6 bytes) "
                       "differ, first at byte 0.") != std::string::npos);
    CHECK(world.content("roundtrip.txt") == "Hello\n");
  }
  SECTION("a plugin that crashes") {
    std::string text = replaced(kRoundtrip, "plugin = \"letters\"", "plugin = \"crash_call\"");
    text = replaced(text, "config = { encoding = \"bytes\" }\n", "isolation = \"cell\"\n");
    text = replaced(text, "input = \"corpus.txt\"", "input = \"segv\"");
    world.file("roundtrip.toml", text);
    const Ran ran = world.run({"run", "roundtrip.toml", "--json"});
    INFO(ran);
    CHECK(ran.exit == 7);
    CHECK(ran.err.find("bulkhead: step \"encode\": ") != std::string::npos);
    CHECK(world.content("roundtrip.txt") == "old");
    const json record = json::parse(world.content("roundtrip.run.json"));
    CHECK(record["status"] == "failed");
    CHECK(step(record, "encode")["status"] == "failed");
    CHECK(step(record, "encode")["error"]["status"] == "plugin_crashed");
    CHECK(step(record, "decode")["status"] == "skipped");
    CHECK(json::parse(ran.out)["error"]["status"] == "plugin_crashed");
  }
  CHECK(world.content("corpus.txt") == "Hello\n");
  for (const std::string& name : world.names()) CHECK(name.find(".tmp") == std::string::npos);
}

TEST_CASE("an output that can't be written fails its step and changes nothing") {
  World world;
  world.file("corpus.txt", "Hello\n");
  world.file("roundtrip.toml",
             replaced(kRoundtrip, "output = \"roundtrip.txt\"", "output = \"/dev/full\""));
  const Ran ran = world.run({"run", "roundtrip.toml"});
  INFO(ran);
  CHECK(ran.exit == 74);
  CHECK(ran.err.find("step \"decode\": could not write \"/dev/full\"") != std::string::npos);
}

TEST_CASE("a mistake in a pipeline file is found before anything runs, with its place") {
  World world;
  world.file("corpus.txt", "Hello\n");
  struct Bad {
    std::string from, to, words;
    int exit = 4;
  };
  const Bad bad = GENERATE(values<Bad>({
      {"pipeline = 1", "pipeline = 2", "p.toml:1:12: this is format 2"},
      {"name = \"roundtrip\"\n", "", "the key name is missing"},
      {"isolation =", "isolatoin =", "did you mean 'isolation'?"},
      {"\"@encode\"", "\"@encod\"", "p.toml:16:9: "},
      {"\"@encode\"", "\"@encod\"", "no step 'encod'; did you mean 'encode'?"},
      {"input = \"corpus.txt\"", "input = \"@decode\"",
       "wait for each other: decode needs encode needs decode"},
      {"name = \"decode\"", "name = \"encode\"",
       "p.toml:20:8: a step named 'encode' is already in line 12"},
      {"name = \"decode\"", "name = \"a step\"", "letters, digits"},
      {"input = \"corpus.txt\"", "input = \"corpus.text\"",
       "p.toml:24:9: there is no file 'corpus.text'", 3},
      {"output = \"roundtrip.txt\"", "output = \"no/folder\"", "there is no folder 'no'", 3},
      {"output = \"roundtrip.txt\"", "output = \"corpus.u32\"", "writes this file, too"},
      {"\"corpus.txt\", \"@decode\"", "\"corpus.u32\", \"@decode\"", "refer to it as \"@encode\""},
      {"\"corpus.txt\", \"@decode\"", "\"corpus.txt\"", "compare takes two"},
      {"\"@encode\"", "\"@same\"", "compares, and so has no result"},
      {"${mode}", "${mod}", "did you mean 'mode'?"},
      {"${mode}", "$mode", "write $$ for a dollar sign"},
      {"${mode}", "maybe", "'maybe' is no isolation"},
      {"letters@^1", "letters@one", "'one' is no range"},
      {"method = \"encode\"", "method = \"encode\"\nformat = \"hex\"", "u32le"},
      {"method = \"encode\"", "method = \"encode\"\ntimeout = \"soon\"", "'soon' is no duration"},
      {"method = \"encode\"", "method = \"encode\"\ntimeout = \"1000h\"", "at most 720h"},
      {"encoding = \"bytes\"", "encoding = [1]", "p.toml:23:"},
      {"output = \"corpus.u32\"", "output = \"corpus.txt\"",
       "this step reads the file that it would write"},
      {"[[step]]", "[[step]", "p.toml:7:"},
  }));
  world.file("p.toml", replaced(kRoundtrip, bad.from, bad.to));
  const Ran ran = world.run({"run", "p.toml"});
  INFO(bad.to << "\n" << ran);
  CHECK(ran.exit == bad.exit);
  CHECK(ran.err.find("bulkhead: p.toml:") == 0);
  CHECK(ran.err.find(bad.words) != std::string::npos);
  CHECK(world.names() == std::vector<std::string>{"corpus.txt", "p.toml"});
}

TEST_CASE("a plugin or method that isn't there is found before the first step runs") {
  World world;
  world.file("corpus.txt", "Hello\n");
  struct Bad {
    std::string from, to, words;
  };
  const Bad bad = GENERATE(values<Bad>({
      {"letters@^1", "leters",
       "step \"decode\": there is no plugin 'leters'; did you mean 'letters'?"},
      {"letters@^1", "letters@^7", "There is 1.2.0"},
      {"method = \"decode\"", "method = \"dekode\"", "no method 'dekode'; did you mean 'decode'?"},
      {"method = \"decode\"", "method = \"info\"\ninterface = \"bulkhead.other/1\"",
       "has no interface 'bulkhead.other/1'"},
  }));
  world.file("p.toml", replaced(kRoundtrip, bad.from, bad.to));
  const Ran ran = world.run({"run", "p.toml"});
  INFO(ran);
  CHECK(ran.exit == 3);
  CHECK(ran.err.find(bad.words) != std::string::npos);
  CHECK(ran.err.find("No step was run.") != std::string::npos);
  CHECK(world.names() == std::vector<std::string>{"corpus.txt", "p.toml"});
}

TEST_CASE("every method of the interface that `call` knows can be a step") {
  World world;
  world.file("corpus.txt", "Hello\n");
  const Ran unknown = world.run({"call", "letters", "no_such_method"});
  INFO(unknown);
  const std::size_t list = unknown.err.find("it has ");
  REQUIRE(list != std::string::npos);
  world.file("p.toml", replaced(kRoundtrip, "method = \"decode\"", "method = \"no_such_method\""));
  const Ran step = world.run({"run", "p.toml"});
  INFO(step);
  const std::string methods = unknown.err.substr(list + 7, unknown.err.find_first_of(".\n", list));
  CHECK(step.err.find(methods.substr(0, methods.find_first_of(".\n"))) != std::string::npos);
}

TEST_CASE("--set for what is no variable says which there are, exit 2") {
  World world;
  world.file("corpus.txt", "Hello\n");
  world.file("p.toml", kRoundtrip);
  const Ran ran = world.run({"run", "p.toml", "--set", "mod=cell"});
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("--set mod=...: p.toml has no variable 'mod'; did you mean 'mode'? Its "
                     "[variables] are: mode.") != std::string::npos);
}

TEST_CASE("a pipeline file that isn't there, or is something else, is an error") {
  World world;
  CHECK(world.run({"run", "nothing.toml"}).exit == 3);
  CHECK(world.run({"run", "."}).exit == 4);
  world.file("big.toml", std::string(2 << 20, '#'));
  CHECK(world.run({"run", "big.toml"}).exit == 4);
  world.file("empty.toml", "pipeline = 1\nname = \"none\"\n");
  const Ran ran = world.run({"run", "empty.toml"});
  CHECK(ran.exit == 4);
  CHECK(ran.err.find("no step") != std::string::npos);
}

TEST_CASE("a record that can't be written is found before anything runs") {
  World world;
  world.file("corpus.txt", "Hello\n");
  world.file("roundtrip.toml", kRoundtrip);
  const Ran ran = world.run({"run", "roundtrip.toml", "--record", "no/record.json"});
  CHECK(ran.exit == 74);
  CHECK(world.names() == std::vector<std::string>{"corpus.txt", "roundtrip.toml"});
}

}  // namespace
}  // namespace bulkhead::test
