#include "registry/manifest/manifest.hpp"

#include <catch2/catch.hpp>

#include "tests/fixture/temp_folder.hpp"
#include "tests/manifest/file_error.hpp"

using namespace bulkhead::manifest;

namespace {

const std::string kStart = "manifest = 1\n";
const std::string kPlugin = "[plugin]\nid = 'one'\nversion = '1.0.0'\nkind = 'codec'\n";
const std::string kRuntime = "[runtime]\ntype = 'library'\nentry = 'lib/one.so'\n";
const std::string kSmallest = kStart + kPlugin + kRuntime;

Manifest parse(const std::string& text) {
  return Manifest::parse(text, "plugin.toml", "linux-x86_64");
}

std::string error(const std::string& text) {
  return error_of([&] { parse(text); });
}

// The error of the smallest manifest with a key added to its [plugin] or [runtime].
std::string error_in_plugin(const std::string& plugin) { return error(kStart + plugin + kRuntime); }
std::string error_in_runtime(const std::string& runtime) {
  return error(kStart + kPlugin + runtime);
}

std::string entry_error(const std::string& entry) {
  return error_in_runtime("[runtime]\ntype = 'library'\nentry = " + entry + "\n");
}

}  // namespace

TEST_CASE("a whole manifest is read") {
  const Manifest manifest = parse(R"(manifest = 1
[plugin]
id = "en_gpt2"
version = "1.0.0-rc.1"
kind = "codec"
description = "Text to tokens"
license = "Apache-2.0"
authors = ["Ann", "Bob <bob@example.org>"]
[runtime]
type = "library"
entry = "lib/en_gpt2.so"
[host]
requires = ">=0.1.0"
[interfaces]
offers = ["bulkhead.codec/1", "example.org_x.stats/12"]
[dependencies]
other_plugin = "^1.2"
another = "*"
[permissions]
memory = "512 MiB"
threads = 4
[config.encoding]
type = "string"
default = "gpt2"
choices = ["gpt2", "cl100k_base"]
description = "which vocabulary"
)");
  CHECK(manifest.file == "plugin.toml");
  CHECK(manifest.id == "en_gpt2");
  CHECK(manifest.version.text() == "1.0.0-rc.1");
  CHECK(manifest.kind == "codec");
  CHECK(manifest.description == "Text to tokens");
  CHECK(manifest.license == "Apache-2.0");
  CHECK(manifest.authors == std::vector<std::string>{"Ann", "Bob <bob@example.org>"});
  CHECK(manifest.runtime == "library");
  CHECK(manifest.entry == "lib/en_gpt2.so");
  CHECK(manifest.host->text() == ">=0.1.0");
  CHECK(manifest.interfaces ==
        std::vector<std::string>{"bulkhead.codec/1", "example.org_x.stats/12"});
  REQUIRE(manifest.dependencies.size() == 2);
  CHECK(manifest.dependencies[0].id == "other_plugin");
  CHECK(manifest.dependencies[0].range.text() == "^1.2");
  CHECK(manifest.permissions.memory_bytes == 512u << 20);
  CHECK(manifest.permissions.threads == 4u);
  REQUIRE(manifest.config.size() == 1);
  CHECK(manifest.config[0].name == "encoding");
  CHECK(manifest.config[0].type == "string");
  CHECK(std::get<std::string>(*manifest.config[0].fallback) == "gpt2");
  CHECK(manifest.config[0].choices == std::vector<std::string>{"gpt2", "cl100k_base"});
}

TEST_CASE("the smallest manifest is enough") {
  const Manifest manifest = parse(kSmallest);
  CHECK(manifest.description.empty());
  CHECK(manifest.interfaces.empty());
  CHECK_FALSE(manifest.host);
  CHECK_FALSE(manifest.permissions.memory_bytes);
}

TEST_CASE("another format says which one this build reads, whatever else is in the file") {
  CHECK(
      error("manifest = 2\nnews = 1\n") ==
      "plugin.toml:1:12: this manifest has format 2, and this version of Bulkhead reads format 1: "
      "install a newer Bulkhead, or an older version of the plugin");
  CHECK(error("manifest = 0\n").ends_with("reads format 1: write manifest = 1"));
  CHECK(error("manifest = '1'\n") ==
        "plugin.toml:1:12: manifest must be an integer, but this is a string");
  CHECK(error(kPlugin + kRuntime) == "plugin.toml:1:1: the key manifest is missing");
  CHECK(error("policy = 1\n").find("is a policy") != std::string::npos);
}

TEST_CASE("missing tables and keys are named") {
  CHECK(error(kStart + kRuntime) == "plugin.toml:1:1: the table [plugin] is missing");
  CHECK(error(kStart + kPlugin) == "plugin.toml:1:1: the table [runtime] is missing");
  CHECK(error_in_plugin("[plugin]\nversion = '1.0.0'\nkind = 'codec'\n") ==
        "plugin.toml:2:1: the key plugin.id is missing");
  CHECK(error_in_plugin("[plugin]\nid = 'one'\nkind = 'codec'\n") ==
        "plugin.toml:2:1: the key plugin.version is missing");
  CHECK(error_in_plugin("[plugin]\nid = 'one'\nversion = '1.0.0'\n") ==
        "plugin.toml:2:1: the key plugin.kind is missing");
  CHECK(error_in_runtime("[runtime]\nentry = 'a'\n") ==
        "plugin.toml:6:1: the key runtime.type is missing");
  CHECK(error_in_runtime("[runtime]\ntype = 'library'\n") ==
        "plugin.toml:6:1: the key runtime.entry is missing");
}

TEST_CASE("unknown keys are refused in every table, with a suggestion") {
  CHECK(
      error(kSmallest + "[permission]\nmemory = '1 MiB'\n") ==
      "plugin.toml:9:2: unknown key 'permission' at the top level; did you mean 'permissions'? the "
      "keys here are config, dependencies, host, interfaces, manifest, permissions, plugin, "
      "runtime");
  CHECK(error_in_plugin(kPlugin + "licence = 'MIT'\n") ==
        "plugin.toml:6:1: unknown key 'licence' in [plugin]; did you mean 'license'? the keys here "
        "are "
        "authors, description, id, kind, license, version");
  const std::pair<const char*, const char*> rows[] = {
      {"[host]\nrequire = '*'\n", "'require' in [host]; did you mean 'requires'?"},
      {"[interfaces]\noffer = []\n", "'offer' in [interfaces]; did you mean 'offers'?"},
      {"[permissions]\nmemroy = '1 MiB'\n", "'memroy' in [permissions]; did you mean 'memory'?"},
      {"[config.a]\ntype = 'string'\nfallback = 'x'\n",
       "'fallback' in [config.a]; the keys here are"},
      {"[config.a]\ntype = 'integer'\nmax = 3\n", "'max' in [config.a]"},
  };
  for (const auto& [text, expected] : rows) {
    CHECK_THAT(error(kSmallest + text), Catch::Contains(expected));
  }
  CHECK_THAT(error_in_runtime(kRuntime + "args = []\n"), Catch::Contains("'args' in [runtime]"));
}

TEST_CASE("ids, versions and kinds have a form") {
  for (const char* id : {"", "One", "1one", "_one", "one-two", "one.two", "../one", "o\u00efne"}) {
    CAPTURE(id);
    CHECK_THAT(error_in_plugin("[plugin]\nid = '" + std::string(id) +
                               "'\nversion = '1.0.0'\nkind = 'codec'\n"),
               Catch::StartsWith("plugin.toml:3:6: plugin.id must be lower-case letters"));
  }
  CHECK_THAT(error_in_plugin("[plugin]\nid = '" + std::string(65, 'a') +
                             "'\nversion = '1.0.0'\nkind = 'codec'\n"),
             Catch::Contains("at most 64 characters"));
  CHECK_THAT(
      error_in_plugin("[plugin]\nid = 'one'\nversion = '1.0'\nkind = 'codec'\n"),
      Catch::StartsWith("plugin.toml:4:11: plugin.version must be a version such as '1.0.0'"));
  CHECK_THAT(error_in_plugin("[plugin]\nid = 'one'\nversion = '1.0.0'\nkind = 'Codec'\n"),
             Catch::StartsWith("plugin.toml:5:8: plugin.kind must be"));
  CHECK(parse(kStart + "[plugin]\nid = 'one'\nversion = '1.0.0'\nkind = 'my_kind'\n" + kRuntime)
            .kind == "my_kind");
}

TEST_CASE("texts that people see are printable and not too long") {
  CHECK_THAT(error_in_plugin(kPlugin + "description = \"a\\u001b[2Jb\"\n"),
             Catch::Contains("without control characters, not 'a\\x1b[2Jb'"));
  CHECK_THAT(error_in_plugin(kPlugin + "description = '" + std::string(1001, 'a') + "'\n"),
             Catch::Contains("plugin.description has 1001 bytes; at most 1000 are allowed"));
  CHECK_THAT(error_in_plugin(kPlugin + "license = \"a\\nb\"\n"), Catch::Contains("plugin.license"));
  CHECK_THAT(error_in_plugin(kPlugin + "authors = ['Ann', '']\n"),
             Catch::StartsWith("plugin.toml:6:19: an author must be"));
  CHECK_THAT(error_in_plugin(kPlugin + "authors = ['Ann', 'Ann']\n"),
             Catch::StartsWith("plugin.toml:6:19: 'Ann' stands in plugin.authors twice"));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "'a" + std::to_string(i) + "', ";
  CHECK_THAT(error_in_plugin(kPlugin + "authors = [" + many + "]\n"),
             Catch::Contains("plugin.authors has 65 elements; at most 64 are allowed"));
}

TEST_CASE("a runtime is a library, or an executable with or without an interpreter") {
  CHECK(error_in_runtime("[runtime]\ntype = 'library'\nentry = 'a'\ninterpreter = 'python3'\n") ==
        "plugin.toml:9:15: runtime.interpreter is for scripts, with runtime.type 'exec'");
  CHECK(error_in_runtime("[runtime]\ntype = 'exec'\nentry = 'a'\ninterpreter = '/bin/sh'\n") ==
        "plugin.toml:9:15: runtime.interpreter must be python3, not '/bin/sh': the name of a "
        "program that Bulkhead knows, not a path");
  CHECK(error_in_runtime("[runtime]\ntype = 'libary'\nentry = 'a'\n") ==
        "plugin.toml:7:8: runtime.type must be 'library' or 'exec', not 'libary'; did you mean "
        "'library'?");
}

TEST_CASE("the library lies inside the package") {
  const std::pair<const char*, const char*> rows[] = {
      {"''", "is empty"},
      {"'/usr/lib/one.so'", "is absolute"},
      {"'../one.so'", "leads out of the package"},
      {"'lib/../../one.so'", "leads out of the package"},
      {"'lib/..'", "leads out of the package"},
      {"'./one.so'", "has an empty part or '.'"},
      {"'lib//one.so'", "has an empty part or '.'"},
      {"'lib/'", "has an empty part or '.'"},
      {"\"lib/one\\u0000.so\"", "has control characters"},
  };
  for (const auto& [entry, expected] : rows) {
    CAPTURE(entry);
    CHECK_THAT(entry_error(entry), Catch::StartsWith("plugin.toml:8:9: runtime.entry, the path ") &&
                                       Catch::Contains(expected));
  }
  CHECK_THAT(entry_error("'" + std::string(513, 'a') + "'"), Catch::Contains("longer than 512"));
  CHECK(entry_error("'..one/...so'") == "no error");
  CHECK_THAT(entry_error("3"), Catch::Contains("must be a string, but this is an integer"));
}

TEST_CASE("a package can have a library for each platform") {
  const std::string both = "{ 'linux-x86_64' = 'x86/one.so', 'linux-aarch64' = 'arm/one.so' }";
  const std::string text = kStart + kPlugin + "[runtime]\ntype = 'library'\nentry = " + both + "\n";
  CHECK(Manifest::parse(text, "f", "linux-x86_64").entry == "x86/one.so");
  CHECK(Manifest::parse(text, "f", "linux-aarch64").entry == "arm/one.so");

  CHECK(entry_error("{ 'linux-aarch64' = 'arm/one.so' }") ==
        "plugin.toml:8:9: this package has no library for linux-x86_64 (runtime.entry has: "
        "linux-aarch64)");
  CHECK_THAT(
      entry_error("{ 'linux-x86-64' = 'lib/one.so' }"),
      Catch::StartsWith("plugin.toml:8:11: unknown key 'linux-x86-64' in [runtime.entry]; did "
                        "you mean 'linux-x86_64'?"));
  // Every path is checked, not only the one that is used here.
  CHECK_THAT(entry_error("{ 'linux-x86_64' = 'a.so', 'linux-aarch64' = '../b.so' }"),
             Catch::Contains("runtime.entry.linux-aarch64, the path '../b.so', leads out"));
}

TEST_CASE("interfaces are a name and a revision") {
  for (const char* name :
       {"", "bulkhead.codec", "bulkhead.codec/", "bulkhead.codec/0", "/1", "bulkhead.codec/01",
        "bulkhead.codec/1.0", "bulkhead..codec/1", "Bulkhead.Codec/1", "a/1/2", "a/99999", "a /1",
        "a/-draft", "a/1-drafts", "a/1-draft-draft", "a/1.draft"}) {
    CAPTURE(name);
    CHECK_THAT(error(kSmallest + "[interfaces]\noffers = ['a/1', '" + name + "']\n"),
               Catch::StartsWith("plugin.toml:10:18: an interface is a name and a revision"));
  }
  CHECK(parse(kSmallest + "[interfaces]\noffers = ['a.b/1', 'a.b/9999-draft']\n").interfaces ==
        std::vector<std::string>{"a.b/1", "a.b/9999-draft"});
  CHECK_THAT(error(kSmallest + "[interfaces]\noffers = ['a/1', 'a/1']\n"),
             Catch::Contains("'a/1' stands in interfaces.offers twice"));
  const auto draft = parse(kSmallest + "[interfaces]\noffers = ['a/1', 'a/1-draft']\n");
  CHECK(draft.interfaces == std::vector<std::string>{"a/1", "a/1-draft"});
}

TEST_CASE("ranges of host and dependencies are checked, in the order of the file") {
  CHECK_THAT(error(kSmallest + "[host]\nrequires = 'newest'\n"),
             Catch::StartsWith("plugin.toml:10:12: host.requires must be a range of versions"));
  CHECK_THAT(error(kSmallest + "[dependencies]\nother = '1.0 -'\n"),
             Catch::StartsWith("plugin.toml:10:9: dependencies.other must be a range of versions"));
  CHECK_THAT(error(kSmallest + "[dependencies]\n'Other One' = '*'\n"),
             Catch::StartsWith("plugin.toml:10:1: the id of a plugin is"));
  CHECK(error(kSmallest + "[dependencies]\none = '*'\n") ==
        "plugin.toml:10:1: a plugin can't depend on itself");
  const auto manifest = parse(kSmallest + "[dependencies]\nzz = '*'\naa = '*'\n");
  CHECK(manifest.dependencies[0].id == "zz");
}

TEST_CASE("permissions are sizes and counts that can be given") {
  const auto permission_error = [](const std::string& text) {
    return error(kSmallest + "[permissions]\n" + text + "\n");
  };
  CHECK(parse(kSmallest + "[permissions]\nmemory = 1048576\n").permissions.memory_bytes ==
        1u << 20);
  for (const char* memory : {"0", "-1", "'0'", "'much'", "'1.5 GiB'", "''"}) {
    CAPTURE(memory);
    CHECK_THAT(permission_error("memory = " + std::string(memory)),
               Catch::StartsWith("plugin.toml:10:10: permissions.memory must be"));
  }
  CHECK_THAT(permission_error("memory = 1.5"), Catch::Contains("but this is a float"));
  for (const char* threads : {"0", "-1", "4097"}) {
    CHECK_THAT(permission_error("threads = " + std::string(threads)),
               Catch::StartsWith("plugin.toml:10:11: permissions.threads must be from 1 to 4096"));
  }
}

TEST_CASE("a folder without manifest is no plugin") {
  const bulkhead::test::TempFolder folder;
  const std::string path = folder.path().string();
  CHECK_THAT(error_of([&] { Manifest::read(path); }),
             Catch::StartsWith(path + "/plugin.toml: ") && Catch::Contains("has no manifest"));
  CHECK_THAT(error_of([&] { Manifest::read(path + "/none"); }), Catch::Contains("has no manifest"));
}

TEST_CASE("a manifest is read from its folder for this machine") {
  const bulkhead::test::TempFolder folder;
  folder.write("plugin.toml", kStart + kPlugin + "[runtime]\ntype = 'library'\nentry = { '" +
                                  platform() + "' = 'here.so' }\n");
  const Manifest manifest = Manifest::read(folder.path().string());
  CHECK(manifest.entry == "here.so");
  CHECK(manifest.file == folder.path().string() + "/plugin.toml");
}
