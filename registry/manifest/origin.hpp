// An origin of the web, as permissions name it: scheme://host or scheme://host:port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::manifest {

class Origin {
 public:
  // "https://api.example.org", "http://localhost:8080", "http://[::1]:80", "https://*.example.org".
  // Schemes: http, https. A '*' may stand for the first label of a name of at least three. No path,
  // no user, no other way to write an address: an IPv4 address has four decimal numbers. nullopt
  // for anything else.
  static std::optional<Origin> parse(std::string_view text);

  // The shortest form: lower case, without the port that the scheme has anyway.
  std::string text() const;
  const std::string& scheme() const { return scheme_; }
  const std::string& host() const { return host_; }  // IPv6 without the brackets
  std::uint16_t port() const { return port_; }
  bool any_label() const { return any_label_; }

  // Whether a permission for this one holds for the other: it is the same, or its name has one
  // label more where this has a '*'.
  bool covers(const Origin& other) const;
  bool operator==(const Origin&) const = default;

 private:
  std::string scheme_, host_;
  std::uint16_t port_ = 0;
  bool any_label_ = false;  // host_ is what follows "*."
};

constexpr const char* kOriginRule =
    "an origin: scheme, host and perhaps a port, such as 'https://api.example.org', "
    "'https://*.example.org' or 'http://localhost:8080'";

}  // namespace bulkhead::manifest
