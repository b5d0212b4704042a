// bulkhead secrets, and what info says about permissions.
#include <sys/stat.h>

#include <fstream>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;

constexpr const char* kValue = "s3cr3t-value-of-a-test";

Ran set(const World& world, std::vector<std::string> words, const std::string& input) {
  words.insert(words.begin(), {"secrets", "set"});
  How how;
  how.input = input;
  return world.run(words, how);
}

std::filesystem::path home(const World& world) { return world.environment.at("HOME"); }
std::filesystem::path secrets(const World& world) {
  return home(world) / ".local/share/bulkhead/secrets";
}
std::filesystem::path key(const World& world) {
  return std::filesystem::path(world.environment.at("XDG_CONFIG_HOME")) / "bulkhead/secrets.key";
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

json listed(const World& world) {
  return json::parse(world.run({"secrets", "list", "--json"}).out)["secrets"];
}

}  // namespace

TEST_CASE("a secret is stored encrypted, and shown by its name alone") {
  World world;
  const Ran ran = set(world, {"api_key", "--origin", "https://API.example.org:443"}, kValue);
  INFO(ran);
  CHECK(ran.exit == 0);
  CHECK(mode_of(secrets(world)) == 0700);
  CHECK(mode_of(secrets(world) / "api_key.secret") == 0600);
  CHECK(mode_of(key(world)) == 0600);
  CHECK(std::filesystem::file_size(key(world)) == 32);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(home(world))) {
    if (!entry.is_regular_file()) continue;
    CHECK(read_file(entry.path()).find(kValue) == std::string::npos);
    CHECK(read_file(entry.path()).find("example.org") == std::string::npos);
  }
  const json all = listed(world);
  REQUIRE(all.size() == 1);
  CHECK(all[0]["name"] == "api_key");
  CHECK(all[0]["origins"] == json({"https://api.example.org"}));
  CHECK(all[0]["created"].get<std::string>().size() == 20);
  CHECK(all[0]["plugins"].empty());
  const Ran shown = world.run({"secrets", "list"});
  CHECK(shown.out.find("api_key") != std::string::npos);
  CHECK((shown.out + shown.err).find(kValue) == std::string::npos);
}

TEST_CASE("two secrets with one value are not seen to be alike") {
  World world;
  set(world, {"one"}, kValue);
  set(world, {"two"}, kValue);
  CHECK(read_file(secrets(world) / "one.secret").substr(40) !=
        read_file(secrets(world) / "two.secret").substr(40));
}

TEST_CASE("a secret is replaced, and removed") {
  World world;
  set(world, {"api_key", "--origin", "https://a.org"}, "first\n");
  CHECK(set(world, {"api_key", "--origin", "https://b.org"}, "second").exit == 0);
  CHECK(listed(world)[0]["origins"] == json({"https://b.org"}));
  CHECK(world.run({"secrets", "rm", "api_key"}).exit == 0);
  CHECK(listed(world).empty());
  CHECK(std::filesystem::is_empty(secrets(world)));
  const Ran again = world.run({"secrets", "rm", "api_key"});
  CHECK(again.exit == 3);
  CHECK(again.err.find("there is no secret 'api_key'") != std::string::npos);
}

TEST_CASE("what can't be a secret is refused, and nothing is stored") {
  World world;
  CHECK(set(world, {"API-KEY"}, "x").exit == 2);
  CHECK(set(world, {"../x"}, "x").exit == 2);
  CHECK(set(world, {"a"}, "").exit == 4);
  CHECK(set(world, {"a"}, "\n").exit == 4);
  CHECK(set(world, {"a"}, std::string(64 * 1024 + 1, 'x')).exit == 4);
  const Ran ran = set(world, {"a", "--origin", "https://a.org/path"}, "x");
  CHECK(ran.exit == 2);
  CHECK(ran.err.find("is not an origin") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(secrets(world)));
  CHECK(set(world, {"a"}, std::string(64 * 1024, 'x')).exit == 0);
}

TEST_CASE("a secret that was changed, renamed or lost its key is named, and not used") {
  World world;
  set(world, {"one"}, kValue);
  set(world, {"two"}, kValue);
  const auto problem_of = [&](const char* name) {
    for (const json& item : listed(world))
      if (item["name"] == name)
        return item["problem"].is_null() ? "" : item["problem"].get<std::string>();
    return std::string("not listed");
  };
  CHECK(problem_of("one").empty());
  std::filesystem::copy_file(secrets(world) / "two.secret", secrets(world) / "three.secret");
  CHECK(problem_of("three").find("holds another secret: it was renamed") != std::string::npos);
  {
    std::fstream file(secrets(world) / "one.secret", std::ios::in | std::ios::out);
    file.seekp(60);
    file.put('x');
  }
  CHECK(problem_of("one").find("was changed, or written with another key") != std::string::npos);
  CHECK(problem_of("two").empty());
  ::chmod((secrets(world) / "two.secret").c_str(), 0644);
  CHECK(problem_of("two").find("nobody else may read or write it") != std::string::npos);
  ::chmod((secrets(world) / "two.secret").c_str(), 0600);
  ::chmod(key(world).c_str(), 0640);
  CHECK(problem_of("two").find("secrets.key is not used") != std::string::npos);
  std::filesystem::remove(key(world));
  CHECK(problem_of("two").find("bring it back") != std::string::npos);
  const Ran ran = set(world, {"four"}, "x");  // no second key beside secrets of the first
  CHECK(ran.exit == 3);
  CHECK(ran.err.find("bring it back") != std::string::npos);
}

TEST_CASE("the key may lie elsewhere") {
  World world;
  world.environment["BULKHEAD_SECRETS_KEY_FILE"] = (world.folder() / "my.key").string();
  CHECK(set(world, {"one"}, "x").exit == 0);
  CHECK(mode_of(world.folder() / "my.key") == 0600);
  CHECK_FALSE(std::filesystem::exists(key(world)));
  world.file("my.key", "short");
  CHECK(set(world, {"two"}, "x").exit == 4);
}

TEST_CASE("writers side by side lose nothing") {
  World world;
  const Ran ran = world.shell(
      "for i in 1 2 3 4 5 6; do printf value$i | bulkhead secrets set s$i & done; wait");
  INFO(ran);
  CHECK(ran.err.empty());
  const json all = listed(world);
  CHECK(all.size() == 6);
  for (const json& item : all) CHECK(item["problem"].is_null());
}

TEST_CASE("info says what a plugin asks for, what is granted, and by which line") {
  World world;
  world.file("bulkhead.toml", R"(policy = 1
[[rule]]
match = "asks"
grants = { files = [{ name = "model", path = "m.bin" }], http = ["https://a.example.org", "https://b.org"], secrets = ["api_key"] }
)");
  set(world, {"api_key"}, kValue);
  const Ran ran = world.run({"info", "asks", "--policy", "bulkhead.toml"});
  INFO(ran);
  const auto has = [&](const std::string& words) {
    return ran.out.find(words) != std::string::npos;
  };
  CHECK(has("the file model to read: what it answers\n"));
  CHECK(has("the file model: " + (world.folder() / "m.bin").string() + " (bulkhead.toml:4)\n"));
  CHECK(has("not granted   the file out\n"));
  CHECK(has("https://*.example.org\n"));
  CHECK(has("https://a.example.org (bulkhead.toml:4)\n"));
  CHECK(has("granted       the secret api_key (bulkhead.toml:4)\n"));
  CHECK(has("not granted   commands\n"));
  CHECK(ran.err.find("grants asks the origin https://b.org, which its manifest does not ask for") !=
        std::string::npos);

  const json document =
      json::parse(world.run({"info", "asks", "--policy", "bulkhead.toml", "--json"}).out);
  CHECK(document["permissions"]["files"][1] ==
        json({{"name", "out"}, {"access", "write"}, {"why", ""}}));
  CHECK(document["grants"]["http"] ==
        json::array({{{"origin", "https://a.example.org"}, {"by", "bulkhead.toml:4"}}}));
  CHECK(document["grants"]["commands"].is_null());

  const json secret =
      json::parse(world.run({"secrets", "list", "--policy", "bulkhead.toml", "--json"}).out);
  CHECK(secret["secrets"][0]["plugins"] == json({"asks 1.0.0"}));
}

}  // namespace bulkhead::test
