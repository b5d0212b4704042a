#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <catch2/catch.hpp>

#include "host/services/public_address.hpp"

using namespace bulkhead::host;
using bulkhead::manifest::Origin;

namespace {

sockaddr_storage address(const char* text) {
  sockaddr_storage storage{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    REQUIRE(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    storage.ss_family = AF_INET6;
  }
  return storage;
}

bool is_public(const char* text) {
  const auto storage = address(text);
  return is_public_address(reinterpret_cast<const sockaddr&>(storage));
}

bool may(const char* origin, const char* text) {
  const auto storage = address(text);
  return may_connect(*Origin::parse(origin), reinterpret_cast<const sockaddr&>(storage));
}

}  // namespace

TEST_CASE("an address of this machine, a private network or a metadata service is not public") {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.100.100.200",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "169.254.0.1",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.192",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.1.1.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::7f00:1",
                           "fe80::1",
                           "fec0::1",
                           "fc00::1",
                           "fd00:ec2::254",
                           "ff02::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:7f00:1::1",
                           "3fff::1",
                           "64:ff9b::7f00:1",
                           "64:ff9b::a9fe:a9fe",
                           "64:ff9b:1::1",
                           "100::1"}) {
    CAPTURE(text);
    CHECK_FALSE(is_public(text));
  }
}

TEST_CASE("the others are public") {
  for (const char* text : {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",
                           "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
                           "126.255.255.255", "128.0.0.0",       "169.253.255.255",
                           "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
                           "192.167.255.255", "192.169.0.0",     "198.17.255.255",
                           "198.20.0.0",      "223.255.255.255", "::ffff:8.8.8.8",
                           "2606:4700::1111", "2a00:1450::1",    "2001:4860:4860::8888",
                           "64:ff9b::808:808"}) {
    CAPTURE(text);
    CHECK(is_public(text));
  }
}

TEST_CASE("an origin that is an address means that address, localhost this machine") {
  CHECK(may("http://10.0.0.1", "10.0.0.1"));
  CHECK(may("http://10.0.0.1", "::ffff:10.0.0.1"));
  CHECK(may("http://[::1]", "::1"));
  CHECK(may("http://[fd00::1]", "fd00::1"));
  CHECK(may("http://localhost", "127.0.0.1"));
  CHECK(may("http://localhost", "::1"));
  CHECK(may("https://example.org", "8.8.8.8"));
  CHECK_FALSE(may("http://10.0.0.1", "10.0.0.2"));
  CHECK_FALSE(may("http://8.8.8.8", "8.8.4.4"));
  CHECK_FALSE(may("http://localhost", "10.0.0.1"));
  CHECK_FALSE(may("http://localhost", "8.8.8.8"));
  CHECK_FALSE(may("https://example.org", "127.0.0.1"));
  CHECK_FALSE(may("https://localhost.example.org", "127.0.0.1"));
  CHECK_FALSE(may("https://example.org", "169.254.169.254"));
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  CHECK_FALSE(is_public_address(reinterpret_cast<const sockaddr&>(local)));
}
