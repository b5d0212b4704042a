// bulkhead run: steps that lend files to their plugin, instances that steps share, and results that
// go into the parameters of later steps.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;

// Two classes of lines that differ, enough of them for a run.
void write_classes(const World& world) {
  std::string left, right;
  for (int i = 0; i < 200; ++i) {
    left += "the harbour and the ships of the north, line " + std::to_string(i) + "\n";
    right += "0x" + std::to_string(i * 7919) + " push rbp; mov rbp, rsp; ret\n";
  }
  world.file("prose.txt", left);
  world.file("code.txt", right);
}

// Trains, writes a checkpoint, goes on; a second instance takes the checkpoint and goes on as well.
const std::string kTraining = R"(pipeline = 1
name = "training"

[[instance]]
name = "first"
plugin = "linear"
isolation = "cell"

[[instance]]
name = "second"
plugin = "linear@^1"
isolation = "in-process"

[[step]]
name = "open"
instance = "first"
method = "open_run"
params = '{"data": ["data/prose", "data/code"], "seed": 7}'
read = { "data/prose" = "prose.txt", "data/code" = "code.txt" }

[[step]]
name = "train"
instance = "first"
method = "step"
params = '{"run": ${@open.run}, "steps": 20}'

[[step]]
name = "save"
instance = "first"
method = "checkpoint"
params = '{"run": ${@open.run}, "file": "out"}'
write = { out = "run.checkpoint" }

[[step]]
name = "go-on"
instance = "first"
method = "step"
params = '{"run": ${@open.run}, "steps": 20}'

[[step]]
name = "open-again"
instance = "second"
method = "open_run"
params = '{"data": ["data/prose", "data/code"], "seed": 7}'
read = { "data/prose" = "prose.txt", "data/code" = "code.txt" }

[[step]]
name = "restore"
instance = "second"
method = "restore"
params = '{"run": ${@open-again.run}, "file": "in"}'
read = { in = "@save:out" }

[[step]]
name = "go-on-again"
instance = "second"
method = "step"
params = '{"run": ${@open-again.run}, "steps": 20}'
output = "last.json"

[[step]]
name = "same"
compare = ["@go-on", "@go-on-again"]
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

std::string shell_sha256(const World& world, const std::string& file) {
  return world.shell("sha256sum " + file).out.substr(0, 64);
}

TEST_CASE("steps share an instance, lend it files, and use each other's results") {
  World world;
  write_classes(world);
  world.file("p.toml", kTraining);
  const std::vector<std::string> with = GENERATE(values<std::vector<std::string>>(
      {{}, {"--isolation", "cell"}, {"--isolation", "in-process"}}));
  std::vector<std::string> words = {"run", "p.toml"};
  words.insert(words.end(), with.begin(), with.end());
  const Ran ran = world.run(words);
  INFO(ran);
  REQUIRE(ran.exit == 0);
  CHECK(json::parse(world.content("last.json"))["step"].dump().find("40") != std::string::npos);

  const json record = json::parse(world.content("p.run.json"));
  const json& open = step(record, "open");
  CHECK(open["instance"] == "first");
  REQUIRE(open["inputs"].size() == 2);
  for (const json& input : open["inputs"]) {
    const std::string path = input["path"];
    CHECK(input["name"] == "data/" + path.substr(0, path.find('.')));
    CHECK(input["sha256"] == shell_sha256(world, path));
    CHECK(input["bytes"] == world.content(path).size());
  }
  const json& written = step(record, "save")["written"];
  REQUIRE(written.size() == 1);
  CHECK(written[0]["name"] == "out");
  CHECK(written[0]["path"] == "run.checkpoint");
  CHECK(written[0]["sha256"] == shell_sha256(world, "run.checkpoint"));
  CHECK(written[0]["bytes"] == world.content("run.checkpoint").size());
  CHECK(step(record, "restore")["inputs"][0]["sha256"] == written[0]["sha256"]);
  CHECK(step(record, "train")["written"].empty());
}

TEST_CASE("a file is lent for the time of its step only") {
  World world;
  write_classes(world);
  // `go-on` writes a second checkpoint under a name that was lent to the step before it.
  std::string text =
      replaced(kTraining, "name = \"go-on\"\ninstance = \"first\"\nmethod = \"step\"",
               "name = \"go-on\"\ninstance = \"first\"\nmethod = \"checkpoint\"");
  const std::size_t at = text.find("\"steps\": 20}", text.find("\"go-on\""));
  text.replace(at, 12, "\"file\": \"out\"}");
  world.file("p.toml", text);
  const Ran ran = world.run({"run", "p.toml"});
  INFO(ran);
  CHECK(ran.exit == 5);
  CHECK(ran.err.find("step \"go-on\": ") != std::string::npos);
  CHECK(ran.err.find("no file 'out' was granted to this plugin for writing") != std::string::npos);
}

TEST_CASE("a file that the plugin was to write and did not fails the step") {
  World world;
  write_classes(world);
  world.file("stale.txt", "from the run before");
  const std::string text = replaced(kTraining, "method = \"step\"",
                                    "method = \"step\"\nwrite = { extra = \"stale.txt\" }");
  world.file("p.toml", text);
  const Ran ran = world.run({"run", "p.toml"});
  INFO(ran);
  CHECK(ran.exit == 1);
  CHECK(ran.err.find("step \"train\": linear: step did not write the file lent as \"extra\" "
                     "(\"stale.txt\").") != std::string::npos);
  CHECK(world.content("stale.txt") == "from the run before");
}

TEST_CASE("a result without the field that a later step wants is named, with what it has") {
  World world;
  write_classes(world);
  world.file("p.toml", replaced(kTraining, "${@open.run}", "${@open.rune}"));
  const Ran ran = world.run({"run", "p.toml"});
  INFO(ran);
  CHECK(ran.exit == 4);
  CHECK(
      ran.err.find("step \"train\": the result of step \"open\" has no field 'rune'; did you mean "
                   "'run'? It has: run.") != std::string::npos);
}

TEST_CASE("a mistake with instances, lent files and references is found before anything runs") {
  World world;
  write_classes(world);
  struct Bad {
    std::string from, to, words;
    int exit = 4;
  };
  const Bad bad = GENERATE(values<Bad>({
      {"instance = \"first\"", "instance = \"frist\"", "p.toml:16:12: "},
      {"instance = \"first\"", "instance = \"frist\"", "did you mean 'first'?"},
      {"instance = \"first\"", "instance = \"first\"\nplugin = \"linear\"",
       "p.toml:17:1: the [[instance]] 'first' has the plugin"},
      {"instance = \"first\"", "instance = \"first\"\nconfig = {}", "has the plugin"},
      {"name = \"second\"", "name = \"first\"", "another instance named 'first'"},
      {"name = \"second\"", "name = \"se cond\"", "letters, digits"},
      {"plugin = \"linear@^1\"", "plugin = \"linear@one\"", "'one' is no range"},
      {"isolation = \"in-process\"", "isolatoin = \"cell\"", "did you mean 'isolation'?"},
      {"[[step]]", "[[instance]]\nname = \"idle\"\nplugin = \"linear\"\n[[step]]",
       "p.toml:15:8: no step uses this instance"},
      {"\"prose.txt\"", "\"prise.txt\"", "there is no file 'prise.txt'", 3},
      {"\"run.checkpoint\"", "\"no/run.checkpoint\"", "there is no folder 'no'", 3},
      {"\"run.checkpoint\"", "\"@train\"", "reach it as \"@save:out\""},
      {"write = { out =", "write = { \"o t\" =", "1 to 200 bytes without blanks"},
      {"write = {", "read = { out = \"prose.txt\" }\nwrite = {", "already lent for reading"},
      {"\"@save:out\"", "\"@save:oot\"", "step 'save' writes no file 'oot'"},
      {"\"@save:out\"", "\"@save:\"", "names no file of the step"},
      {"\"@save:out\"", "\"@train\"", "give that step an output"},
      {"\"@save:out\"", "\"run.checkpoint\"", "refer to it as \"@save:out\""},
      {"\"last.json\"", "\"run.checkpoint\"", "writes this file, too"},
      {"write = { out = \"run.checkpoint\" }",
       "write = { out = \"prose.txt\" }\nread = { in = \"prose.txt\" }",
       "this step reads the file that it would write"},
      {"${@open.run}", "${@opem.run}", "no step 'opem'; did you mean 'open'?"},
      {"${@open.run}", "${@open}", "names no field of a result"},
      {"${@open.run}", "\"${@open.run}\"", "a reference is a whole value"},
      {"${@open.run}", "${@same.run}", "step 'same' has no fields"},
      {"${@open.run}", "${@go-on.run}", "wait for each other: "},
      {"{ in = \"@save:out\" }", "{ in = 7 }", "p.toml:"},
      {"read = { in = \"@save:out\" }", "raed = {}", "did you mean 'read'?"},
  }));
  world.file("p.toml", replaced(kTraining, bad.from, bad.to));
  const Ran ran = world.run({"run", "p.toml"});
  INFO(bad.to << "\n" << ran);
  CHECK(ran.exit == bad.exit);
  CHECK(ran.err.find("bulkhead: p.toml:") == 0);
  CHECK(ran.err.find(bad.words) != std::string::npos);
  CHECK(world.names() == std::vector<std::string>{"code.txt", "p.toml", "prose.txt"});
}

}  // namespace
}  // namespace bulkhead::test
