#include <catch2/catch.hpp>

#include "registry/manifest/version.hpp"

using bulkhead::manifest::Range;
using bulkhead::manifest::Version;

namespace {

bool contains(const char* range, const char* version) {
  const auto parsed = Range::parse(range);
  const auto point = Version::parse(version);
  REQUIRE(parsed);
  REQUIRE(point);
  return parsed->contains(*point);
}

struct Row {
  const char* range;
  std::vector<const char*> inside, outside;
};

}  // namespace

TEST_CASE("ranges contain what npm says they contain") {
  const Row rows[] = {
      {"*", {"0.0.0", "1.2.3", "99.0.0"}, {"1.0.0-rc.1"}},
      {"1.2.3", {"1.2.3", "1.2.3+build"}, {"1.2.4", "1.2.3-rc.1"}},
      {"=1.2.3", {"1.2.3"}, {"1.2.2"}},
      {"1.2", {"1.2.0", "1.2.9"}, {"1.1.9", "1.3.0", "1.2.0-rc.1"}},
      {"1", {"1.0.0", "1.9.9"}, {"2.0.0", "0.9.9"}},
      {"1.x", {"1.0.0", "1.9.9"}, {"2.0.0"}},
      {"1.2.*", {"1.2.0"}, {"1.3.0"}},
      {"^1.2.3", {"1.2.3", "1.9.0"}, {"1.2.2", "2.0.0", "2.0.0-rc.1", "1.3.0-rc.1"}},
      {"^1.2", {"1.2.0", "1.9.0"}, {"1.1.9", "2.0.0"}},
      {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.3.0", "0.2.2"}},
      {"^0.0.3", {"0.0.3"}, {"0.0.4", "0.0.2"}},
      {"^0.1", {"0.1.0", "0.1.9"}, {"0.2.0"}},
      {"^0.0", {"0.0.0", "0.0.9"}, {"0.1.0"}},
      {"^0", {"0.0.0", "0.9.9"}, {"1.0.0"}},
      {"~1.2.3", {"1.2.3", "1.2.9"}, {"1.2.2", "1.3.0"}},
      {"~1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}},
      {"~1", {"1.0.0", "1.9.9"}, {"2.0.0"}},
      {">1.2", {"1.3.0"}, {"1.2.9"}},
      {">=1.2", {"1.2.0"}, {"1.1.9"}},
      {"<1.2", {"1.1.9"}, {"1.2.0", "1.2.0-rc.1"}},
      {"<=1.2", {"1.2.9"}, {"1.3.0"}},
      {">=1.0 <2.0", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0"}},
      {">=1.0,<2.0", {"1.0.0"}, {"2.0.0"}},
      {">= 1.0 , < 2.0", {"1.0.0"}, {"2.0.0"}},
      {"^1.0 || ^3.0", {"1.5.0", "3.1.0"}, {"2.0.0", "4.0.0"}},
      {">=1.2.0-alpha <1.2", {}, {"1.2.0-rc.1"}},
      {">*", {}, {"0.0.0", "1.0.0"}},
  };
  for (const Row& row : rows) {
    for (const char* version : row.inside) {
      CAPTURE(row.range, version);
      CHECK(contains(row.range, version));
    }
    for (const char* version : row.outside) {
      CAPTURE(row.range, version);
      CHECK_FALSE(contains(row.range, version));
    }
  }
}

TEST_CASE("a prerelease is in a range only where the range names one of the same numbers") {
  CHECK(contains(">=1.2.3-beta.2", "1.2.3-beta.3"));
  CHECK(contains("^1.2.3-beta.2", "1.3.0"));
  CHECK_FALSE(contains(">=1.2.3-beta.2", "1.2.4-beta.3"));
  CHECK_FALSE(contains(">=1.2.3-beta.2", "1.2.3-beta.1"));
  // Of the alternative that matches, not of another one.
  CHECK_FALSE(contains(">=1.2.3-beta.9 || >=1.0.0", "1.2.3-beta.3"));
}

TEST_CASE("a range keeps its text for messages") {
  CHECK(Range::parse("^1.2 || 3.0.0")->text() == "^1.2 || 3.0.0");
}

TEST_CASE("what is no range is refused") {
  for (const char* text : {"",
                           " ",
                           "||",
                           "^1.0 ||",
                           "|| ^1.0",
                           "1.0 - 2.0",
                           ">",
                           "^",
                           "1.0,",
                           ",1.0",
                           ">=1.0,,<2.0",
                           "1.x.3",
                           "x.1",
                           "1.2.3.4",
                           "01.0",
                           "latest",
                           "^^1.0",
                           "1.0 | 2.0",
                           "^18446744073709551615",
                           "1.2-rc.1",
                           "!1.0"}) {
    CAPTURE(text);
    CHECK_FALSE(Range::parse(text));
  }
  CHECK_FALSE(Range::parse(std::string(257, '1')));
}
