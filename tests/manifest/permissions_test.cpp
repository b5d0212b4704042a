#include <catch2/catch.hpp>

#include "registry/manifest/permissions.hpp"
#include "tests/manifest/file_error.hpp"

using namespace bulkhead::manifest;

namespace {

Permissions parse(const std::string& text) {
  TomlTable root = TomlTable::parse("[permissions]\n" + text, "p.toml");
  return read_permissions(root.required_table("permissions"));
}

std::string error(const std::string& text) {
  return error_of([&] { parse(text); });
}

}  // namespace

TEST_CASE("files, origins, secrets and commands are asked for") {
  const Permissions asked = parse(R"(
files = [{ name = "model", why = "the weights" }, { name = "out/1", access = "write" }]
http = ["https://API.example.org:443", "https://*.example.org"]
commands = true
[[permissions.secrets]]
name = "api_key"
why = "signs in"
)");
  REQUIRE(asked.files.size() == 2);
  CHECK(asked.files[0].name == "model");
  CHECK(asked.files[0].access == Access::read);
  CHECK(asked.files[0].why == "the weights");
  CHECK(asked.files[1].access == Access::write);
  REQUIRE(asked.http.size() == 2);
  CHECK(asked.http[0].text() == "https://api.example.org");
  REQUIRE(asked.secrets.size() == 1);
  CHECK(asked.secrets[0].name == "api_key");
  CHECK(asked.commands);
  CHECK_FALSE(parse("").commands);
}

TEST_CASE("a permission that can't be meant is refused at its place") {
  CHECK_THAT(error("files = [{ name = 'a', acces = 'read' }]"),
             Catch::StartsWith("p.toml:2:24: unknown key 'acces' in [permissions.files]; did you "
                               "mean 'access'?"));
  CHECK_THAT(error("files = [{ name = 'a', access = 'rw' }]"),
             Catch::Contains("permissions.files.access must be 'read' or 'write', not 'rw'"));
  CHECK_THAT(error("files = [{ why = 'x' }]"),
             Catch::Contains("permissions.files.name is missing"));
  for (const char* name : {"''", "'a b'", "\"a\\nb\"", "\"\\u202e\""}) {
    CAPTURE(name);
    CHECK_THAT(error("files = [{ name = " + std::string(name) + " }]"),
               Catch::Contains("permissions.files.name must be 1 to 200"));
  }
  CHECK_THAT(error("files = [{ name = 'a' }, { name = 'a' }]"),
             Catch::Contains("'a' stands in permissions.files twice"));
  CHECK_THAT(error("files = ['model']"), Catch::Contains("array of tables"));
  CHECK_THAT(error("files = [{ name = 'a', why = \"x\\ny\" }]"), Catch::Contains("one line"));
  CHECK_THAT(error("http = ['https://a.org', 'https://a.org/path']"),
             Catch::StartsWith("p.toml:2:26: permissions.http must be an origin: "));
  CHECK_THAT(error("http = ['https://a.org', 'https://A.org:443']"),
             Catch::Contains("'https://a.org' stands in permissions.http twice"));
  CHECK_THAT(error("secrets = [{ name = 'API-KEY' }]"),
             Catch::Contains("permissions.secrets.name must be lower-case letters"));
  CHECK_THAT(error("commands = 1"), Catch::Contains("must be a boolean"));
  std::string many = "http = [";
  for (int i = 0; i < 65; ++i) many += "'https://a" + std::to_string(i) + ".org',";
  CHECK_THAT(error(many + "]"), Catch::Contains("has 65 elements; at most 64"));
}
