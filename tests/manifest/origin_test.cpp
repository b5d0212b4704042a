#include <catch2/catch.hpp>

#include "registry/manifest/origin.hpp"

using bulkhead::manifest::Origin;

namespace {

bool covers(const char* permission, const char* origin) {
  return Origin::parse(permission)->covers(*Origin::parse(origin));
}

}  // namespace

TEST_CASE("an origin has one form") {
  const std::pair<const char*, const char*> rows[] = {
      {"https://api.example.org", "https://api.example.org"},
      {"HTTPS://API.Example.ORG:443", "https://api.example.org"},
      {"http://localhost:8080", "http://localhost:8080"},
      {"http://localhost:80", "http://localhost"},
      {"https://*.example.org:8443", "https://*.example.org:8443"},
      {"http://127.0.0.1:1", "http://127.0.0.1:1"},
      {"http://[::1]:8080", "http://[::1]:8080"},
      {"http://[0:0:0:0:0:0:0:1]", "http://[::1]"},
      {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    const auto origin = Origin::parse(text);
    REQUIRE(origin);
    CHECK(origin->text() == expected);
  }
}

TEST_CASE("what is no origin is refused") {
  for (const char* text : {"",
                           "https://",
                           "example.org",
                           "ftp://example.org",
                           "file:///etc/passwd",
                           "https://example.org/",
                           "https://example.org/path",
                           "https://example.org?x",
                           "https://example.org#x",
                           "https://user@example.org",
                           "https://user:pass@example.org",
                           "https://example.org:",
                           "https://example.org:0",
                           "https://example.org:65536",
                           "https://example.org:80x",
                           "https://example.org:-1",
                           "https://*",
                           "https://*.org",
                           "https://a.*.org",
                           "https://a*.example.org",
                           "https://*.*.example.org",
                           "https://exa mple.org",
                           "https://example.org\n",
                           "https://-a.org",
                           "https://a-.org",
                           "https://a..org",
                           "https://.org",
                           "https://example.org.",
                           "http://127.1",
                           "http://0x7f.1",
                           "http://2130706433",
                           "http://0177.0.0.1",
                           "http://127.0.0.256",
                           "http://*.0.0.1",
                           "http://[::1",
                           "http://[localhost]",
                           "http://[::1]x",
                           "http://[*.::1]",
                           "http://[fe80::1%25eth0]",
                           "https://\xc3\xa4.org",
                           "https://a_b.org"}) {
    CAPTURE(text);
    CHECK_FALSE(Origin::parse(text));
  }
  CHECK_FALSE(Origin::parse("https://" + std::string(64, 'a') + ".org"));
  CHECK_FALSE(Origin::parse(std::string("https://a\0.org", 14)));
}

TEST_CASE("a permission covers its own origin, and with a star one label more") {
  CHECK(covers("https://a.example.org", "https://a.example.org:443"));
  CHECK(covers("https://*.example.org", "https://a.example.org"));
  CHECK(covers("https://*.example.org", "https://*.example.org"));
  CHECK_FALSE(covers("https://*.example.org", "https://example.org"));
  CHECK_FALSE(covers("https://*.example.org", "https://b.a.example.org"));
  CHECK_FALSE(covers("https://*.example.org", "https://*.a.example.org"));
  CHECK_FALSE(covers("https://*.example.org", "http://a.example.org"));
  CHECK_FALSE(covers("https://*.example.org", "https://a.example.org:8443"));
  CHECK_FALSE(covers("https://*.example.org", "https://a.example.organic"));
  CHECK_FALSE(covers("https://a.example.org", "https://*.example.org"));
  CHECK_FALSE(covers("https://example.org", "https://a.example.org"));
  CHECK_FALSE(covers("http://localhost:1", "http://localhost:2"));
}
