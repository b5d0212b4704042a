#include "registry/manifest/toml_reader.hpp"

#include <catch2/catch.hpp>

#include "tests/manifest/file_error.hpp"

using bulkhead::manifest::FileError;
using bulkhead::manifest::TomlTable;

namespace {

TomlTable parse(const std::string& text) { return TomlTable::parse(text, "f.toml"); }

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("an error names file, line and column") {
  const FileError error("f.toml", 3, 7, "it is wrong");
  CHECK(error.what() == std::string("f.toml:3:7: it is wrong"));
  CHECK(FileError("f.toml", 0, 0, "it is wrong").what() == std::string("f.toml: it is wrong"));
  CHECK(error.file() == "f.toml");
  CHECK(error.line() == 3);
  CHECK(error.column() == 7);
}

TEST_CASE("an error can't disturb a terminal") {
  CHECK(FileError("a\nb", 1, 1, "\x1b[2J").what() == std::string("a\\nb:1:1: \\x1b[2J"));
}

TEST_CASE("values of each type are read, and missing ones are nothing") {
  TomlTable table = parse(
      "text = 'a'\ninteger = 7\nnumber = 0.5\nboolean = true\ntexts = ['a', 'b']\n"
      "[table]\nx = 1\n[[tables]]\nx = 1\n[[tables]]\nx = 2\n");
  CHECK(table.text("text") == "a");
  CHECK(table.integer("integer") == 7);
  CHECK(table.number("number") == 0.5);
  CHECK(table.number("integer") == 7.0);
  CHECK(table.boolean("boolean") == true);
  CHECK(table.texts("texts") == std::vector<std::string>{"a", "b"});
  CHECK(table.table("table")->integer("x") == 1);
  auto tables = table.tables("tables");
  REQUIRE(tables.size() == 2);
  CHECK(tables[1].integer("x") == 2);
  table.finish();

  CHECK_FALSE(table.text("none"));
  CHECK_FALSE(table.table("none"));
  CHECK_FALSE(table.has("none"));
  CHECK(table.tables("none").empty());
  CHECK(table.type_of("none").empty());
}

TEST_CASE("keys come in the order of the file") {
  CHECK(parse("z = 1\na = 2\n[m]\nx = 1\n[b]\n").keys() ==
        std::vector<std::string>{"z", "a", "m", "b"});
}

TEST_CASE("types are named as TOML names them") {
  const TomlTable table = parse(
      "a = ''\nb = 1\nc = 1.0\nd = true\ne = []\nf = {}\ng = 2020-01-01\nh = 10:00:00\n"
      "i = 2020-01-01T10:00:00Z\n");
  const char* types[] = {"string", "integer", "float", "boolean",  "array",
                         "table",  "date",    "time",  "date-time"};
  const auto keys = table.keys();
  for (std::size_t i = 0; i < keys.size(); ++i) CHECK(table.type_of(keys[i].c_str()) == types[i]);
}

TEST_CASE("a wrong type is an error that says both types, at the value") {
  const std::string text = "[plugin]\nversion = 3\n";
  CHECK(error_of([&] { parse(text).table("plugin")->text("version"); }) ==
        "f.toml:2:11: plugin.version must be a string, but this is an integer");
  CHECK(error_of([&] { parse(text).text("plugin"); }) ==
        "f.toml:1:1: plugin must be a string, but this is a table");
  CHECK(error_of([] { parse("a = 1.5").integer("a"); }) ==
        "f.toml:1:5: a must be an integer, but this is a float");
  CHECK(error_of([] { parse("a = 1").boolean("a"); }) ==
        "f.toml:1:5: a must be a boolean, but this is an integer");
  CHECK(error_of([] { parse("a = 'x'").number("a"); }) ==
        "f.toml:1:5: a must be a number, but this is a string");
  CHECK(error_of([] { parse("a = 1").table("a"); }) ==
        "f.toml:1:5: a must be a table, but this is an integer");
  CHECK(error_of([] { parse("a = ['x', 2]").texts("a"); }) ==
        "f.toml:1:11: a must be an array of strings, but this element is an integer");
  CHECK(error_of([] { parse("[rule]").tables("rule"); }) ==
        "f.toml:1:1: rule must be an array of tables, each headed [[rule]], but this is a table");
}

TEST_CASE("a number must be finite and exact") {
  CHECK(error_of([] { parse("a = nan").number("a"); }) == "f.toml:1:5: a must be a finite number");
  CHECK(error_of([] { parse("a = -inf").number("a"); }) == "f.toml:1:5: a must be a finite number");
}

TEST_CASE("an unknown key is an error at the key, with the nearest known one") {
  TomlTable table = parse("[plugin]\nid = 'a'\nverison = '1.0.0'\n");
  TomlTable plugin = *table.table("plugin");
  plugin.text("id");
  plugin.text("version");
  CHECK(error_of([&] { plugin.finish(); }) ==
        "f.toml:3:1: unknown key 'verison' in [plugin]; did you mean 'version'? the keys here are "
        "id, "
        "version");
  CHECK(error_of([] { parse("x = 1").finish(); }) ==
        "f.toml:1:1: unknown key 'x' at the top level; the keys here are none");
}

TEST_CASE("the first unknown key in the file is reported, whatever its name") {
  CHECK(error_of([] {
          parse("z = 1\na = 1\n").finish();
        }).starts_with("f.toml:1:1: unknown key 'z'"));
}

TEST_CASE("a missing key is an error at its table, with a key that may be meant") {
  CHECK(error_of([] { parse("\n[plugin]\nx = 1\n").table("plugin")->required_text("id"); }) ==
        "f.toml:2:1: the key plugin.id is missing");
  CHECK(error_of([] { parse("[plugni]\n").required_table("plugin"); }) ==
        "f.toml:1:1: the table [plugin] is missing; is 'plugni' in line 1 meant to be it?");
  CHECK(error_of([] { parse("").required_integer("manifest"); }) ==
        "f.toml:1:1: the key manifest is missing");
}

TEST_CASE("what is not TOML is an error at the parser's place") {
  CHECK(error_of([] { parse("a = 1\nb = \n"); }).starts_with("f.toml:2:"));
  CHECK(error_of([] { parse("a = 1\na = 2\n"); }).starts_with("f.toml:2:"));
  CHECK(error_of([] { parse("a = '\xff'"); }).starts_with("f.toml:1:"));
  CHECK(error_of([] { parse(std::string("a = '\0'", 7)); }).starts_with("f.toml:1:"));
}

TEST_CASE("a text above 1 MiB is refused") {
  CHECK(error_of([] { parse(std::string((1u << 20) + 1, '\n')); }) ==
        "f.toml: is larger than 1 MiB");
  parse(std::string(1u << 20, '\n'));
}

TEST_CASE("nesting beyond 32 levels is refused, however it is written") {
  const std::string problem = "tables and arrays are nested deeper than 32 levels";
  const auto refused = [&](const std::string& text) {
    const std::string error = error_of([&] { parse(text); });
    CAPTURE(text.substr(0, 200), error);
    CHECK(error.find(problem) != std::string::npos);
  };
  refused("a" + repeated(".a", 200'000) + " = 1");
  refused("[a" + repeated(" . 'a.b'", 50'000) + "]");
  refused("a = " + repeated("[", 100'000));
  refused("a = " + repeated("{a=", 100'000));
  refused("a = " + repeated("[", 20) + repeated("{a=", 20));
  refused(repeated("a.", 20) + "a = {" + repeated("b.", 20) + "b = 1}");
  refused("x = \"\"\"a\"\"\"\"\"\na" + repeated(".a", 200'000) + " = 1");
  refused("x = '\\'\na" + repeated(".a", 200'000) + " = 1");
  refused("x = \"\\\"\" # '\na" + repeated(".a", 200'000) + " = 1");
  refused("x = [\"\"\"a\"\"\"\", {a" + repeated(".a", 200'000) + " = 1}]");

  parse("a" + repeated(".a", 31) + " = 1");
  parse("a = " + repeated("[", 30) + repeated("]", 30));
}

TEST_CASE("dots and brackets in texts and comments are no nesting") {
  const std::string dots = repeated(".[{", 100);
  parse("a = '" + dots + "'\nb = \"\\\"" + dots + "\"\nc = '''\n'" + dots +
        "''''\nd = \"\"\"\n\\\"\"" + dots + "\"\"\"\"\n# " + dots + "\n'" + dots + "' = 1\n");
  parse("a = [" + repeated("1.5, ", 100) + "]");
}

TEST_CASE("a text of very many keys is refused before it takes quadratic time") {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "k" + std::to_string(i) + ".a=1\n";
  CHECK(error_of([&] { parse(text); }) == "f.toml:20001:9: more than 20000 keys and values");
}
