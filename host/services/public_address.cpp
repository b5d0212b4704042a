#include "host/services/public_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <cstring>

namespace bulkhead::host {
namespace {

struct Network {
  std::uint32_t address;
  unsigned bits;
};

// IANA IPv4 Special-Purpose Address Registry, without what is reachable from everywhere; multicast
// and the class E.
constexpr Network kNotPublic[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // carrier-grade NAT; metadata of one cloud is there, too
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, with the metadata services of clouds
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // IETF protocols
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, and broadcast
};

bool is_public(std::uint32_t address) {
  for (const Network& network : kNotPublic) {
    if ((address ^ network.address) >> (32 - network.bits) == 0) return false;
  }
  return true;
}

std::uint32_t four_bytes(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

bool begins(const unsigned char* bytes, std::initializer_list<unsigned char> prefix) {
  for (const unsigned char byte : prefix) {
    if (*bytes++ != byte) return false;
  }
  return true;
}

// Of the global unicast space 2000::/3, what is no documentation and hides no other address; and
// the well-known prefix of NAT64 for a public IPv4 address.
bool is_public(const unsigned char* bytes) {
  if (begins(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return is_public(four_bytes(bytes + 12));
  }
  if ((bytes[0] & 0xe0) != 0x20) return false;
  if (begins(bytes, {0x20, 0x01, 0x0d, 0xb8})) return false;                // documentation
  if (begins(bytes, {0x20, 0x01}) && bytes[2] < 2) return false;            // IETF, Teredo
  if (begins(bytes, {0x20, 0x02})) return false;                            // 6to4
  if (begins(bytes, {0x3f, 0xff}) && (bytes[2] & 0xf0) == 0) return false;  // documentation
  return true;
}

// An IPv4 address, as an IPv6 socket writes it.
bool is_mapped(const unsigned char* bytes) {
  return begins(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
}

// The bytes of an address in network order; false for another family.
bool bytes_of(const sockaddr& address, unsigned char (&bytes)[16], bool& four) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(bytes, &v4.sin_addr, 4);
    four = true;
    return true;
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  std::memcpy(bytes, &v6.sin6_addr, 16);
  four = is_mapped(bytes);
  if (four) std::memmove(bytes, bytes + 12, 4);
  return true;
}

bool is_loopback(const unsigned char* bytes, bool four) {
  if (four) return bytes[0] == 127;
  return begins(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  unsigned char bytes[16] = {};
  bool four = false;
  if (!bytes_of(address, bytes, four)) return false;
  return four ? is_public(four_bytes(bytes)) : is_public(bytes);
}

bool may_connect(const manifest::Origin& origin, const sockaddr& address) {
  unsigned char bytes[16] = {};
  bool four = false;
  if (!bytes_of(address, bytes, four)) return false;
  unsigned char literal[16] = {};
  const int family = origin.host().find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (inet_pton(family, origin.host().c_str(), literal) == 1) {
    bool literal_four = family == AF_INET;
    if (!literal_four && is_mapped(literal)) {
      literal_four = true;
      std::memmove(literal, literal + 12, 4);
    }
    return literal_four == four && std::memcmp(literal, bytes, four ? 4 : 16) == 0;
  }
  if (origin.host() == "localhost") return is_loopback(bytes, four);
  return is_public_address(address);
}

std::string address_text(const sockaddr& address) {
  unsigned char bytes[16] = {};
  bool four = false;
  char text[INET6_ADDRSTRLEN];
  if (!bytes_of(address, bytes, four)) return "an address that is no IP address";
  return inet_ntop(four ? AF_INET : AF_INET6, bytes, text, sizeof text) == nullptr ? "" : text;
}

}  // namespace bulkhead::host
