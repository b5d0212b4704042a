#include "registry/manifest/origin.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kLongestLabel = 63;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
           return is_letter_or_digit(c) || c == '-';
         });
}

// How many labels a name has; 0: it is none. The last one may not begin with a digit: the system
// would read "127.1" and "0x7f.1" as addresses.
std::size_t labels_of(std::string_view name) {
  if (name.size() > kLongestHost) return 0;
  for (std::size_t count = 1;; ++count) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return 0;
    if (dot == std::string_view::npos) return name.front() > '9' ? count : 0;
    name.remove_prefix(dot + 1);
  }
}

// In the one form that it is compared in; empty: no address.
std::string address_text(int family, const std::string& text) {
  unsigned char bytes[16];
  char shown[INET6_ADDRSTRLEN];
  if (inet_pton(family, text.c_str(), bytes) != 1) return {};
  return inet_ntop(family, bytes, shown, sizeof shown) == nullptr ? std::string() : shown;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::uint16_t usual_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

}  // namespace

std::optional<Origin> Origin::parse(std::string_view text) {
  Origin origin;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  origin.scheme_ = lower(text.substr(0, colon));
  if (origin.scheme_ != "http" && origin.scheme_ != "https") return std::nullopt;
  std::string_view rest = text.substr(colon + 3);

  std::string_view host;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    origin.host_ = address_text(AF_INET6, std::string(rest.substr(1, end - 1)));
    if (origin.host_.empty()) return std::nullopt;
    rest.remove_prefix(end + 1);
  } else {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    host = rest.substr(0, end);
    rest.remove_prefix(end);
    origin.any_label_ = host.starts_with("*.");
    if (origin.any_label_) host.remove_prefix(2);
    origin.host_ = lower(host);
    const std::size_t labels = labels_of(origin.host_);
    if (origin.any_label_ ? labels < 2
                          : labels == 0 && address_text(AF_INET, origin.host_) != origin.host_) {
      return std::nullopt;
    }
    if (origin.host_.empty()) return std::nullopt;
  }
  origin.port_ = usual_port(origin.scheme_);
  if (rest.empty()) return origin;
  if (rest.front() != ':') return std::nullopt;
  const auto port = parse_port(rest.substr(1));
  if (!port) return std::nullopt;
  origin.port_ = *port;
  return origin;
}

std::string Origin::text() const {
  std::string text = scheme_ + "://";
  if (any_label_) text += "*.";
  text += host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
  return port_ == usual_port(scheme_) ? text : text + ":" + std::to_string(port_);
}

bool Origin::covers(const Origin& other) const {
  if (*this == other) return true;
  if (!any_label_ || other.any_label_ || scheme_ != other.scheme_ || port_ != other.port_) {
    return false;
  }
  const std::size_t dot = other.host_.find('.');
  return dot != std::string::npos && other.host_.compare(dot + 1, std::string::npos, host_) == 0;
}

}  // namespace bulkhead::manifest
