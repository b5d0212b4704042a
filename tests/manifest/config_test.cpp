#include <stdexcept>
#include <catch2/catch.hpp>

#include "registry/manifest/manifest.hpp"
#include "tests/manifest/file_error.hpp"

using namespace bulkhead::manifest;

namespace {

const std::string kStart =
    "manifest = 1\n[plugin]\nid = 'one'\nversion = '1.0.0'\nkind = 'codec'\n"
    "[runtime]\ntype = 'library'\nentry = 'lib/one.so'\n";  // 8 lines

Manifest parse(const std::string& schema) {
  return Manifest::parse(kStart + schema, "plugin.toml", "linux-x86_64");
}

std::string schema_error(const std::string& schema) {
  return error_of([&] { parse("[config.a]\n" + schema); });
}

std::string config_error(const Manifest& manifest, const std::map<std::string, Value>& config) {
  try {
    check_config(manifest, config);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

const Manifest& all_types() {
  static const Manifest manifest = parse(R"(
[config.name]
type = "string"
description = "who it is"
[config.colour]
type = "string"
default = "red"
choices = ["red", "green", "blue"]
[config.depth]
type = "integer"
default = 3
minimum = 1
maximum = 10
[config.ratio]
type = "number"
default = 1
minimum = 0.5
[config.loud]
type = "boolean"
default = false
)");
  return manifest;
}

// The one required key and another one, or that one itself.
std::map<std::string, Value> config_with(const char* key, Value value) {
  std::map<std::string, Value> config = {{"name", "x"}};
  config.insert_or_assign(key, std::move(value));
  return config;
}

Value value_of(const char* key, Value value) {
  return check_config(all_types(), config_with(key, std::move(value))).at(key);
}

std::string value_error(const char* key, Value value) {
  return config_error(all_types(), config_with(key, std::move(value)));
}

}  // namespace

TEST_CASE("defaults are filled in, with the type of the key") {
  const auto config = check_config(all_types(), {{"name", std::string("x")}});
  CHECK(config.size() == 5);
  CHECK(config.at("name") == Value("x"));
  CHECK(config.at("colour") == Value("red"));
  CHECK(config.at("depth") == Value(std::int64_t{3}));
  CHECK(config.at("ratio") == Value(1.0));
  CHECK(config.at("loud") == Value(false));
}

TEST_CASE("text becomes the type of the key") {
  CHECK(value_of("depth", "7") == Value(std::int64_t{7}));
  CHECK(value_of("ratio", "0.75") == Value(0.75));
  CHECK(value_of("ratio", "1e3") == Value(1000.0));
  CHECK(value_of("loud", "true") == Value(true));
  CHECK(value_of("name", "true") == Value("true"));
  CHECK(value_of("ratio", std::int64_t{2}) == Value(2.0));
}

TEST_CASE("a value of another type is refused with both types") {
  CHECK(value_error("depth", "7x") ==
        "configuration of one 1.0.0: depth must be an integer, not a string: '7x'");
  CHECK_THAT(value_error("depth", 7.0), Catch::Contains("must be an integer, not a number: 7"));
  CHECK_THAT(value_error("depth", true),
             Catch::Contains("must be an integer, not a boolean: true"));
  CHECK_THAT(value_error("depth", ""), Catch::Contains("must be an integer"));
  CHECK_THAT(value_error("depth", "99999999999999999999"), Catch::Contains("must be an integer"));
  CHECK_THAT(value_error("ratio", "nan"), Catch::Contains("must be a finite number"));
  CHECK_THAT(value_error("ratio", 1e308 * 10), Catch::Contains("must be a finite number"));
  CHECK_THAT(value_error("loud", "yes"), Catch::Contains("must be true or false"));
  CHECK_THAT(value_error("loud", std::int64_t{1}), Catch::Contains("must be true or false"));
  CHECK_THAT(value_error("name", std::int64_t{1}), Catch::Contains("must be a string"));
}

TEST_CASE("limits and choices are kept") {
  CHECK_THAT(value_error("depth", std::int64_t{0}),
             Catch::EndsWith("depth is 0; the minimum is 1"));
  CHECK_THAT(value_error("depth", "11"), Catch::EndsWith("depth is 11; the maximum is 10"));
  CHECK_THAT(value_error("ratio", 0.25), Catch::EndsWith("ratio is 0.25; the minimum is 0.5"));
  CHECK_THAT(
      value_error("colour", "gren"),
      Catch::EndsWith("colour is 'gren'; did you mean 'green'? the choices are red, green, blue"));
  CHECK_THAT(value_error("name", std::string((1u << 20) + 1, 'a')),
             Catch::Contains("at most 1048576"));
}

TEST_CASE("unknown and missing keys are named") {
  CHECK(value_error("deepth", std::int64_t{1}) ==
        "configuration of one 1.0.0: there is no key 'deepth'; did you mean 'depth'? the keys are "
        "name, colour, depth, ratio, loud");
  CHECK(config_error(all_types(), {}) ==
        "configuration of one 1.0.0: the key name (string) is required: who it is");
  CHECK(config_error(parse(""), {{"x", true}}) ==
        "configuration of one 1.0.0: there is no key 'x'; the keys are none");
}

TEST_CASE("a schema is checked where it is written") {
  CHECK_THAT(schema_error("default = 1\n"), Catch::EndsWith("the key config.a.type is missing"));
  CHECK(schema_error("type = 'int'\n")
            .starts_with("plugin.toml:10:8: config.a.type must be one of boolean, integer, number, "
                         "string, not 'int'"));
  CHECK(schema_error("type = 'integer'\ndefault = 'x'\n") ==
        "plugin.toml:11:11: config.a.default must be an integer, but this is a string");
  CHECK(schema_error("type = 'integer'\ndefault = 1.5\n") ==
        "plugin.toml:11:11: config.a.default must be an integer, but this is a float");
  CHECK(schema_error("type = 'integer'\ndefault = 0\nminimum = 1\n") ==
        "plugin.toml:11:11: config.a.default is 0; the minimum is 1");
  CHECK(schema_error("type = 'number'\ndefault = 1.5\nmaximum = 1\n") ==
        "plugin.toml:11:11: config.a.default is 1.5; the maximum is 1");
  CHECK(schema_error("type = 'integer'\nminimum = 3\nmaximum = 2\n") ==
        "plugin.toml:11:11: config.a.minimum is 3, above the maximum, which is 2");
  CHECK_THAT(schema_error("type = 'integer'\nmaximum = 9007199254740993\n"),
             Catch::Contains("config.a.maximum must be from -9007199254740992"));
  CHECK_THAT(schema_error("type = 'integer'\nminimum = 0.5\n"),
             Catch::Contains("must be an integer"));
  CHECK_THAT(schema_error("type = 'string'\nminimum = 1\n"),
             Catch::Contains("config.a.minimum makes no sense for a string"));
  CHECK_THAT(schema_error("type = 'boolean'\nchoices = ['a']\n"),
             Catch::Contains("config.a.choices makes no sense for a boolean"));
  CHECK_THAT(schema_error("type = 'string'\nchoices = []\n"), Catch::Contains("is empty"));
  CHECK(schema_error("type = 'string'\nchoices = ['a', 'a']\n") ==
        "plugin.toml:11:17: 'a' stands in config.a.choices twice");
  CHECK(schema_error("type = 'string'\nchoices = ['ab', 'cd']\ndefault = 'ef'\n") ==
        "plugin.toml:12:11: config.a.default is 'ef'; the choices are ab, cd");
  CHECK_THAT(schema_error("type = 'string'\nchoices = [\"a\\n\"]\n"), Catch::Contains("one line"));
  CHECK_THAT(schema_error("type = 'string'\ndescription = \"a\\n\"\n"),
             Catch::Contains("one line"));
  CHECK_THAT(error_of([] { parse("[config]\na = 'string'\n"); }),
             Catch::Contains("config.a must be a table, but this is a string"));
  CHECK_THAT(error_of([] { parse("[config.A]\ntype = 'string'\n"); }),
             Catch::Contains("the name of a configuration key is lower-case letters"));
}
