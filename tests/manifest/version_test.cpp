#include "registry/manifest/version.hpp"

#include <catch2/catch.hpp>

using bulkhead::manifest::Version;

namespace {

Version version(const char* text) {
  INFO(text);
  const auto parsed = Version::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("a version has three numbers, and may have a prerelease and a build") {
  const Version full = version("1.2.3-rc.1+linux.5");
  CHECK(full.major == 1);
  CHECK(full.minor == 2);
  CHECK(full.patch == 3);
  CHECK(full.prerelease == std::vector<std::string>{"rc", "1"});
  CHECK(full.build == "linux.5");
}

TEST_CASE("a version is written as it was read") {
  for (const char* text : {"0.0.0", "1.0.0-alpha", "1.0.0+20130313144700", "1.0.0-0.3.7",
                           "1.0.0-x-y-z.4+e.sha-5", "18446744073709551615.0.0"}) {
    CHECK(version(text).text() == text);
  }
}

TEST_CASE("what SemVer 2.0.0 does not allow is no version") {
  for (const char* text : {"",
                           "1",
                           "1.2",
                           "1.2.3.4",
                           "v1.2.3",
                           " 1.2.3",
                           "1.2.3 ",
                           "01.2.3",
                           "1.02.3",
                           "1.2.03",
                           "1.2.-3",
                           "1.2.3-",
                           "1.2.3+",
                           "1.2.3-a..b",
                           "1.2.3-01",
                           "1.2.3-a_b",
                           "1.2.3+a+b",
                           "1.2.3-ä",
                           "18446744073709551616.0.0",
                           "+1.2.3",
                           "1.2.x"}) {
    CAPTURE(text);
    CHECK_FALSE(Version::parse(text));
  }
  CHECK_FALSE(Version::parse("1.2.3-" + std::string(300, 'a')));
}

TEST_CASE("a number with a leading zero is allowed in a build and in a word") {
  CHECK(Version::parse("1.2.3+001"));
  CHECK(Version::parse("1.2.3-0a"));
}

TEST_CASE("versions are ordered as in SemVer section 11") {
  const char* ordered[] = {"0.9.9",
                           "1.0.0-0",
                           "1.0.0-2",
                           "1.0.0-11",
                           "1.0.0-alpha",
                           "1.0.0-alpha.1",
                           "1.0.0-alpha.beta",
                           "1.0.0-beta",
                           "1.0.0-beta.2",
                           "1.0.0-beta.11",
                           "1.0.0-rc.1",
                           "1.0.0",
                           "1.0.1",
                           "1.1.0",
                           "2.0.0",
                           "10.0.0"};
  for (std::size_t a = 0; a < std::size(ordered); ++a) {
    for (std::size_t b = 0; b < std::size(ordered); ++b) {
      CAPTURE(ordered[a], ordered[b]);
      CHECK((version(ordered[a]) <=> version(ordered[b])) == (a <=> b));
    }
  }
}

TEST_CASE("numbers of any length in a prerelease are compared as numbers") {
  CHECK(version("1.0.0-99999999999999999999998") < version("1.0.0-99999999999999999999999"));
  CHECK(version("1.0.0-9") < version("1.0.0-10000000000000000000000"));
}

TEST_CASE("the build has no part in order or equality") {
  CHECK(version("1.0.0+a") == version("1.0.0+b"));
}
