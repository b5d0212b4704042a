#include <catch2/catch.hpp>

#include "host/policy/policy.hpp"
#include "registry/manifest/manifest.hpp"
#include "tests/fixture/temp_folder.hpp"
#include "tests/manifest/file_error.hpp"

using namespace bulkhead::policy;
using bulkhead::manifest::Access;
using bulkhead::manifest::Manifest;
using bulkhead::manifest::Origin;

namespace {

Policy parse(const std::string& text) {
  return Policy::parse("policy = 1\n" + text, "/etc/x/p.toml");
}

Grants grants_of(const std::string& grants) {
  return parse("[[rule]]\nmatch = 'one'\ngrants = { " + grants + " }\n").decide("one").grants;
}

std::string error(const std::string& grants) {
  return error_of([&] { grants_of(grants); });
}

Manifest manifest(const std::string& permissions) {
  return Manifest::parse(
      "manifest = 1\n[plugin]\nid = 'one'\nversion = '1.2.0'\nkind = 'codec'\n[runtime]\n"
      "type = 'library'\nentry = 'one.so'\n[permissions]\n" +
          permissions,
      "one/plugin.toml", "linux-x86_64");
}

}  // namespace

TEST_CASE("a rule grants files, origins, secrets and commands, each with its line") {
  const Grants grants = grants_of(
      "files = [{ name = 'model', path = 'm/x' }, { name = 'out', path = '/o', access = 'write' }],"
      " http = ['https://a.org'], secrets = ['key'], commands = true");
  REQUIRE(grants.file("model", Access::read) != nullptr);
  CHECK(grants.file("model", Access::read)->path == "/etc/x/m/x");
  CHECK(grants.file("model", Access::read)->at == "/etc/x/p.toml:4");
  CHECK(grants.file("model", Access::write) == nullptr);
  CHECK(grants.file("out", Access::write)->path == "/o");
  CHECK(grants.origin(*Origin::parse("https://a.org"))->at == "/etc/x/p.toml:4");
  CHECK(grants.origin(*Origin::parse("http://a.org")) == nullptr);
  CHECK(grants.secret("key")->at == "/etc/x/p.toml:4");
  CHECK(grants.secret("keys") == nullptr);
  CHECK(grants.commands);
  CHECK(grants.commands_at == "/etc/x/p.toml:4");
}

TEST_CASE("without a rule nothing is granted, and a rule may take away") {
  CHECK(Policy{}.decide("one").grants.http.empty());
  const Policy policy = parse(R"(
[[rule]]
match = "one"
grants = { http = [] }
[[rule]]
match = "*"
grants = { http = ["https://a.org"], commands = true }
)");
  CHECK(policy.decide("one").grants.http.empty());
  CHECK(policy.decide("one").grants.commands);
  CHECK(policy.decide("two").grants.http.size() == 1);
}

TEST_CASE("a grant that can't be meant is refused at its place") {
  CHECK_THAT(error("files = [{ name = 'a' }]"), Catch::Contains("rule.grants.files.path"));
  CHECK_THAT(error("files = [{ name = 'a', path = '' }]"), Catch::Contains("is empty"));
  CHECK_THAT(error("files = [{ name = 'a', path = '~/x' }]"), Catch::Contains("not expanded here"));
  CHECK_THAT(error("files = [{ name = 'a b', path = 'x' }]"), Catch::Contains("without blanks"));
  CHECK_THAT(error("files = [{ name = 'a', path = 'x', why = 'y' }]"),
             Catch::Contains("unknown key 'why' in [rule.grants.files]"));
  CHECK_THAT(error("files = [{ name = 'a', path = 'x' }, { name = 'a', path = 'y' }]"),
             Catch::Contains("twice"));
  CHECK_THAT(error("http = ['https://a.org/']"), Catch::StartsWith("/etc/x/p.toml:4:20: "));
  CHECK_THAT(error("secrets = ['A']"), Catch::Contains("the name of a secret is"));
  CHECK_THAT(error("commands = 'yes'"), Catch::Contains("must be a boolean"));
  CHECK_THAT(error("network = true"), Catch::Contains("unknown key 'network' in [rule.grants]"));
  CHECK_THAT(error(""), Catch::Contains("this rule changes nothing"));
}

TEST_CASE("what the manifest does not ask for is not granted") {
  const std::string all =
      "files = [{ name = 'model', path = 'x' }], http = ['https://a.b.org', 'https://*.b.org'], "
      "secrets = ['key'], commands = true";
  Grants grants = grants_of(all);
  CHECK(settle_grants(manifest("files = [{ name = 'model' }]\nhttp = ['https://*.b.org']\n"
                               "secrets = [{ name = 'key' }]\ncommands = true\n"),
                      grants)
            .empty());
  CHECK(grants.http.size() == 2);
  CHECK(settle_grants(manifest("http = ['https://a.b.org']\n"), grants) ==
        std::vector<std::string>{
            "/etc/x/p.toml:4 grants one the file 'model' to read, which its manifest does not ask "
            "for (permissions in one/plugin.toml): it is not granted",
            "/etc/x/p.toml:4 grants one the origin https://*.b.org, which its manifest does not "
            "ask for (permissions in one/plugin.toml): it is not granted",
            "/etc/x/p.toml:4 grants one the secret 'key', which its manifest does not ask for "
            "(permissions in one/plugin.toml): it is not granted",
            "/etc/x/p.toml:4 grants one commands, which its manifest does not ask for "
            "(permissions in one/plugin.toml): it is not granted"});
  CHECK(grants.files.empty());
  CHECK(grants.http.size() == 1);
  CHECK(grants.secrets.empty());
  CHECK_FALSE(grants.commands);
}

TEST_CASE("the advice for a refusal is what the policy reads") {
  const Manifest asks = manifest(
      "files = [{ name = 'model' }]\nhttp = ['https://*.b.org']\nsecrets = [{ name = 'key' }]\n");
  const auto a_b = *Origin::parse("https://a.b.org");
  CHECK(origin_advice(asks, "p.toml", a_b) ==
        "to allow it, add these lines to p.toml, before its other rules: `[[rule]]`, `match = "
        "\"one\"`, `grants = { http = [\"https://a.b.org\"] }`");
  CHECK_THAT(secret_advice(asks, "", "key"), Catch::Contains("grants = { secrets = [\"key\"] }") &&
                                                 Catch::Contains("the policy bulkhead.toml"));
  CHECK_THAT(file_advice(asks, "", "model", Access::read),
             Catch::Contains("{ files = [{ name = \"model\", path = \"...\" }] }"));
  CHECK(grants_of("files = [{ name = \"model\", path = \"...\" }]").files.size() == 1);
  CHECK(file_advice(asks, "", "model", Access::write) ==
        "one does not ask for the file 'model' to write (permissions in one/plugin.toml), so it "
        "can't be granted");
  CHECK_THAT(commands_advice(asks, ""), Catch::Contains("does not ask for commands"));
}

TEST_CASE("a granted path is absolute, whatever folder the policy was named from") {
  const bulkhead::test::TempFolder folder;
  const auto file = folder.write(
      "p.toml",
      "policy = 1\n[[rule]]\nmatch = 'one'\ngrants = { files = [{ name = 'a', path = 'x' }] }\n");
  const auto policy = Policy::load(std::filesystem::relative(file).string(),
                                   [](const char*) -> const char* { return nullptr; });
  CHECK(policy.decide("one").grants.files[0].path == (folder.path() / "x").string());
}
