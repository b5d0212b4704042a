#include "registry/manifest/words.hpp"

#include <catch2/catch.hpp>

using namespace bulkhead::manifest;

TEST_CASE("the nearest word is found, and none where all are far") {
  const std::vector<std::string> words = {"version", "description", "license", "id"};
  CHECK(nearest("verison", words) == "version");
  CHECK(nearest("licence", words) == "license");
  CHECK(nearest("VERSION", words) == "version");
  CHECK(nearest("descripton", words) == "description");
  CHECK(nearest("entry", words).empty());
  CHECK(nearest("", words).empty());
  CHECK(nearest("xy", words).empty());
  CHECK(nearest("call-timeout", {"call_timeout"}) == "call_timeout");
  CHECK(nearest(std::string(100'000, 'a'), {std::string(100'000, 'a')}).empty());
}

TEST_CASE("text that could disturb a terminal is escaped") {
  CHECK(escaped("a\x1b[31mb\n\tc") == "a\\x1b[31mb\\n\\tc");
  CHECK(escaped("\xc2\x9b") == "\\xc2\\x9b");           // a control character of two bytes
  CHECK(escaped("\xe2\x80\xae") == "\\xe2\\x80\\xae");  // right-to-left override
  CHECK(escaped("na\u00efve \u65e5\u672c \U0001f600") == "na\u00efve \u65e5\u672c \U0001f600");
}

TEST_CASE("what is not UTF-8 is escaped") {
  for (const char* text :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    CHECK_FALSE(is_printable(text));
    CHECK(is_printable(escaped(text)));
  }
}

TEST_CASE("a quotation is cut between characters") {
  const std::string cut = quoted(std::string(79, 'a') + "\u00e9\u00e9");
  CHECK(cut == "'" + std::string(79, 'a') + "...'");
  CHECK(quoted("short") == "'short'");
}

TEST_CASE("a long list is cut") {
  CHECK(listed({}) == "none");
  CHECK(listed({"a", "b"}) == "a, b");
  CHECK(listed(std::vector<std::string>(30, "x")).ends_with("x, ..."));
}
