// bulkhead list, info, call, doctor, and the command line itself.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;

const json* find(const json& list, const std::string& id, const std::string& version) {
  for (const json& item : list)
    if (item["id"] == id && item["version"] == version) return &item;
  return nullptr;
}

TEST_CASE("list shows plugins with the isolation that the policy gives") {
  World world;
  world.file("policy.toml",
             "policy = 1\n\n[[rule]]\nmatch = \"letters\"\nisolation = \"in-process\"\n");
  const Ran ran = world.run({"--json", "--policy", "policy.toml", "list"});
  INFO(ran);
  REQUIRE(ran.exit == 0);
  const json plugins = json::parse(ran.out)["plugins"];
  const json* letters = find(plugins, "letters", "1.2.0");
  REQUIRE(letters != nullptr);
  CHECK((*letters)["isolation"] == "in-process");
  CHECK((*letters)["kind"] == "codec");
  CHECK((*letters)["error"].is_null());
  REQUIRE(find(plugins, "null_codec", "2.0.0-rc.1") != nullptr);
  CHECK((*find(plugins, "null_codec", "1.0.0"))["isolation"] == "cell");
  const std::string table = world.run({"list"}).out;
  CHECK(table.find("PLUGIN") == 0);
  CHECK(table.find("letters") != std::string::npos);
  CHECK(table.find('\x1b') == std::string::npos);
}

TEST_CASE("a broken plugin is named with its error and breaks nothing else") {
  World world;
  world.file("plugins/bad/plugin.toml", "manifest = 1\n[plugin]\nid = 7\n");
  const Ran ran = world.run({"list", "--plugins", "plugins"});
  INFO(ran);
  CHECK(ran.exit == 0);
  CHECK(ran.out.find("letters") != std::string::npos);
  CHECK(ran.err.find("plugin.toml:") != std::string::npos);
  const json doctor = json::parse(world.run({"doctor", "--json", "--plugins", "plugins"}).out);
  CHECK(doctor["broken_plugins"].size() == 1);
}

TEST_CASE("info shows the manifest, the package's hash and the level, by range") {
  World world;
  const Ran ran = world.run({"info", "letters@^1", "--json"});
  INFO(ran);
  REQUIRE(ran.exit == 0);
  const json info = json::parse(ran.out);
  CHECK(info["version"] == "1.2.0");
  CHECK(info["interfaces"] == json({"bulkhead.codec/1"}));
  CHECK(info["isolation"] == "cell");
  CHECK(info["package_hash"].get<std::string>().size() == 64);
  CHECK(info["level"].is_number_integer());
  CHECK(info["config"][0]["name"] == "encoding");
  CHECK(!info.contains("codec"));
  const json loaded = json::parse(world.run({"info", "letters", "--load", "--json"}).out);
  CHECK(loaded["codec"]["name"] == "null");
  CHECK(loaded["package_hash"] == info["package_hash"]);
  CHECK(json::parse(
            world.run({"info", "letters", "--isolation", "in-process", "--json"}).out)["level"] ==
        0);
  CHECK(json::parse(world.run({"info", "null_codec@<1.2", "--json"}).out)["version"] == "1.0.0");
  CHECK(world.run({"info", "letters"}).out.find("letters 1.2.0  A test plugin") == 0);
}

TEST_CASE("info shows what a plugin asks for as people write it") {
  World world;
  world.file("plugins/hungry/plugin.toml", R"(manifest = 1
[plugin]
id = "hungry"
version = "1.0.0"
kind = "codec"
[runtime]
type = "library"
entry = "lib/hungry.so"
[permissions]
memory = "512 MiB"
threads = 8
)");
  world.file("plugins/hungry/lib/hungry.so", "");
  const Ran ran = world.run({"info", "hungry", "--plugins", "plugins"});
  INFO(ran);
  CHECK(ran.out.find("memory 512 MiB\n") != std::string::npos);
  CHECK(ran.out.find("8 threads\n") != std::string::npos);
}

TEST_CASE("info for what isn't there names what is") {
  World world;
  Ran ran = world.run({"info", "leters"});
  CHECK(ran.exit == 3);
  CHECK(ran.err.find("did you mean 'letters'?") != std::string::npos);
  ran = world.run({"info", "letters@^2"});
  CHECK(ran.exit == 3);
  CHECK(ran.err.find("There is 1.2.0") != std::string::npos);
  CHECK(world.run({"info", "letters@one"}).exit == 2);
  CHECK(world.run({"info", "letters@"}).exit == 2);
}

TEST_CASE("call takes JSON and gives JSON, in both isolations") {
  World world;
  const std::string isolation = GENERATE("cell", "in-process");
  const auto call = [&](std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), {"call", "letters"});
    words.insert(words.end(), {"--isolation", isolation});
    How how;
    how.input = input;
    return world.run(words, how);
  };
  const Ran ran = call({"encode", R"({"text": "Hi"})"});
  INFO(ran);
  CHECK(ran.exit == 0);
  CHECK(json::parse(ran.out)["ids"] == json({72, 105}));
  CHECK(json::parse(call({"count", "-"}, R"({"text": "four"})").out)["count"] == 4);
  CHECK(json::parse(call({"info"}).out)["name"] == "null");
  const json answer = json::parse(call({"info", "--json", "--interface", "bulkhead.codec/1"}).out);
  CHECK(answer["result"]["name"] == "null");
  CHECK(answer["isolation"] == isolation);
  CHECK(call({"encode", "{"}).exit == 2);
  CHECK(call({"encode", "-"}, "{").exit == 4);
  CHECK(call({"no_such_method"}).exit != 0);
  CHECK(call({"decode", R"({"ids": [300]})"}).exit == 1);
}

TEST_CASE("call lends files for reading and for writing, in both isolations") {
  World world;
  const std::string isolation = GENERATE("cell", "in-process");
  std::string model = R"({"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}})";
  model = std::string{static_cast<char>(model.size())} + std::string(7, '\0') + model + "abcd";
  world.file("model", model);
  const auto call = [&](std::vector<std::string> files) {
    files.insert(files.begin(), {"call", "quantize", "compress",
                                 R"({"method": "int8", "model": "in", "output": "out"})",
                                 "--isolation", isolation});
    return world.run(files);
  };
  const Ran ran = call({"--read", "in=model", "--write", "out=small"});
  INFO(ran);
  CHECK(ran.exit == 0);
  CHECK(json::parse(ran.out)["outputBytes"] == world.content("small").size());
  CHECK(json::parse(ran.out)["tensors"][0]["after"] == "I8");
  CHECK(call({"--read", "in=model"}).exit == 5);                           // out
  CHECK(call({"--write", "out=other", "--write", "in=model"}).exit == 5);  // in
  CHECK(call({"--read", "in=missing", "--write", "out=other"}).exit == 3);
  CHECK(call({"--read", "in"}).exit == 2);
  CHECK(call({"--read", "in="}).exit == 2);
  CHECK(world.names() == std::vector<std::string>{"model", "small"});
}

TEST_CASE("wrong parameters of a call are usage, and name plugin and method") {
  World world;
  const std::string isolation = GENERATE("cell", "in-process");
  const auto call = [&](const std::string& params, const std::string& input = "") {
    How how;
    how.input = input;
    return world.run({"call", "letters", "encode", params, "--isolation", isolation}, how);
  };
  for (const char* params : {R"({"txt": 1})", R"({"text": {"base64": "@"}})", R"({"text": 1})",
                             R"({"text": "a", "special": {"allow": 1}})", "7"}) {
    const Ran ran = call(params);
    INFO(ran);
    CHECK(ran.exit == 2);
    CHECK(ran.err.find("letters 1.2.0: encode: params") != std::string::npos);
    CHECK(call("-", params).exit == 4);
  }
  CHECK(call("{bad").err.find("letters: encode: the parameters are not JSON") != std::string::npos);
}

TEST_CASE("doctor looks at the machine, and always answers") {
  World world;
  const Ran ran = world.run({"doctor", "--json"});
  INFO(ran);
  REQUIRE(ran.exit == 0);
  const json doctor = json::parse(ran.out);
  CHECK(doctor["level"].is_number_integer());
  CHECK(doctor["enforced"].is_array());
  CHECK(doctor["missing"].is_array());
  CHECK(doctor["machine"]["landlock"]["abi"].is_number_integer());
  CHECK(doctor["machine"]["user_namespaces"]["available"].is_boolean());
  CHECK(doctor["policy_file"].is_null());
  CHECK(!doctor["plugin_folders"].empty());
  CHECK(world.run({"doctor"}).out.find("A cell here gets level") != std::string::npos);

  world.file("bad.toml", "policy = ");
  const Ran broken = world.run({"doctor", "--policy", "bad.toml"});
  CHECK(broken.exit == 0);
  CHECK(broken.out.find("bad.toml:1") != std::string::npos);
}

TEST_CASE("doctor says that it does not know what it could not look at") {
  World world;
  bool policy_broken = true, plugins_known = false;
  std::vector<std::string> words = {"doctor"};
  SECTION("the policy file is broken") {
    world.file("bad.toml", "policy = 1\n[limits\n");
    words = {"doctor", "--policy", "bad.toml"};
  }
  SECTION("a variable over the policy is wrong") {
    world.file("good.toml", "policy = 1\n");
    world.environment["BULKHEAD_POLICY"] = "good.toml";
    world.environment["BULKHEAD_LIMITS_MEMRY"] = "1GiB";
  }
  SECTION("there is no launcher") {
    world.environment["BULKHEAD_LAUNCHER"] = "/nonexistent";
    policy_broken = false;
    plugins_known = true;
  }
  const Ran ran = world.run(words);
  INFO(ran);
  CHECK(ran.exit == 0);
  CHECK(ran.out.find("What is wrong\n!! ") == 0);
  CHECK(ran.out.find("gets level") == std::string::npos);
  CHECK(ran.out.find("level of a cell here is not known") != std::string::npos);
  CHECK((ran.out.find("defaults hold") == std::string::npos) == policy_broken);
  CHECK((ran.out.find("not looked for") == std::string::npos) == plugins_known);
  words.push_back("--json");
  const json doctor = json::parse(world.run(words).out);
  CHECK(doctor["level"].is_null());
  CHECK(doctor["enforced"].is_null());
  CHECK(doctor["plugins"].is_array() == plugins_known);
  CHECK(doctor["policy_file"].is_string() == policy_broken);
  CHECK(doctor["policy_problem"].is_string() == policy_broken);
  CHECK(doctor["problems"].size() == 1);
}

TEST_CASE("a wrong command line says what is right, exit 2") {
  World world;
  struct Bad {
    std::vector<std::string> words;
    std::string sentence;
  };
  const Bad bad = GENERATE(values<Bad>({
      {{}, "a command is missing"},
      {{"lst"}, "there is no command 'lst'; did you mean 'list'?"},
      {{"codec"}, "a command is missing"},
      {{"codec", "encod"}, "did you mean 'encode'?"},
      {{"codec", "encode"}, "--plugin is required. `bulkhead codec encode --help`"},
      {{"run"}, "PIPELINE is required"},
      {{"list", "--nonsense"}, "--nonsense"},
      {{"list", "--plugins", "/nonexistent"}, "--plugins \"/nonexistent\" is not there"},
      {{"list", "--plugins", "/etc/passwd"}, "--plugins \"/etc/passwd\" is no folder"},
      {{"list", "--plugins", ""}, "--plugins: the value is empty"},
      {{"list", "--policy", ""}, "--policy: the value is empty"},
      {{"codec", "encode", "--plugin", "letters", "--output", ""}, "--output: the value is empty"},
      {{"codec", "count", "--plugin", "letters", "--isolation="}, "--isolation"},
      {{"codec", "count", "--plugin", "letters", "--timeout", "99999999999h"},
       "is too long; a call has at most 720h"},
      {{"codec", "count", "--plugin", "letters", "--timeout", "721h"}, "at most 720h"},
      {{"codec", "count", "--plugin", "letters", "--timeout", "5"}, "is no duration"},
  }));
  const Ran ran = world.run(bad.words);
  INFO(ran);
  CHECK(ran.exit == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err.find("bulkhead: ") == 0);
  CHECK(ran.err.find(bad.sentence) != std::string::npos);
}

TEST_CASE("--version and --help answer on standard output") {
  World world;
  CHECK(world.run({"--version"}).out.find("bulkhead ") == 0);
  const Ran help = world.run({"--help"});
  CHECK(help.exit == 0);
  CHECK(help.out.find("Examples:") != std::string::npos);
  CHECK(help.out.find("Exit codes:") != std::string::npos);
  CHECK(world.run({"codec", "encode", "--help"}).out.find("Usage: bulkhead codec encode") !=
        std::string::npos);
  CHECK(world.run({"help"}).out == help.out);
  CHECK(world.run({"help", "run"}).out == world.run({"run", "--help"}).out);
}

}  // namespace
}  // namespace bulkhead::test
