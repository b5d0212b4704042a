#include "registry/manifest/version.hpp"

#include <algorithm>
#include <charconv>

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestVersion = 256;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_identifier_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool is_numeric(std::string_view identifier) {
  return std::all_of(identifier.begin(), identifier.end(), is_digit);
}

// Takes "12" off the front. Refuses leading zeros and what 64 bits can't hold.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const auto length = static_cast<std::size_t>(end - text.data());
  if (length > 1 && text.front() == '0') return std::nullopt;
  text.remove_prefix(length);
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Splits "rc.1" at the dots; nullopt where an identifier is empty or has another character.
std::optional<std::vector<std::string>> identifiers(std::string_view text) {
  std::vector<std::string> result;
  for (;;) {
    const std::size_t dot = text.find('.');
    const std::string_view identifier = text.substr(0, dot);
    if (identifier.empty()) return std::nullopt;
    if (!std::all_of(identifier.begin(), identifier.end(), is_identifier_character)) {
      return std::nullopt;
    }
    result.emplace_back(identifier);
    if (dot == std::string_view::npos) return result;
    text.remove_prefix(dot + 1);
  }
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_numeric = is_numeric(a);
  const bool b_numeric = is_numeric(b);
  if (a_numeric != b_numeric) {
    return a_numeric ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  // Without leading zeros the longer number is the larger one, whatever its size.
  if (a_numeric && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

}  // namespace

std::optional<Version> Version::parse(std::string_view text) {
  if (text.size() > kLongestVersion) return std::nullopt;
  Version version;
  const auto major = take_number(text);
  if (!major || !take(text, '.')) return std::nullopt;
  const auto minor = take_number(text);
  if (!minor || !take(text, '.')) return std::nullopt;
  const auto patch = take_number(text);
  if (!patch) return std::nullopt;
  version.major = *major;
  version.minor = *minor;
  version.patch = *patch;

  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    version.build = text.substr(plus + 1);
    if (!identifiers(version.build)) return std::nullopt;
    text = text.substr(0, plus);
  }
  if (take(text, '-')) {
    auto prerelease = identifiers(text);
    if (!prerelease) return std::nullopt;
    for (const std::string& identifier : *prerelease) {
      const bool leading_zero = identifier.size() > 1 && identifier.front() == '0';
      if (leading_zero && is_numeric(identifier)) return std::nullopt;
    }
    version.prerelease = std::move(*prerelease);
    return version;
  }
  if (!text.empty()) return std::nullopt;
  return version;
}

std::string Version::text() const {
  std::string result =
      std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  char separator = '-';
  for (const std::string& identifier : prerelease) {
    result += separator + identifier;
    separator = '.';
  }
  if (!build.empty()) result += "+" + build;
  return result;
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = major <=> other.major; order != 0) return order;
  if (const auto order = minor <=> other.minor; order != 0) return order;
  if (const auto order = patch <=> other.patch; order != 0) return order;
  // A release comes after its prereleases.
  if (prerelease.empty() || other.prerelease.empty()) {
    return prerelease.empty() <=> other.prerelease.empty();
  }
  const std::size_t common = std::min(prerelease.size(), other.prerelease.size());
  for (std::size_t index = 0; index < common; ++index) {
    const auto order = compare_identifiers(prerelease[index], other.prerelease[index]);
    if (order != 0) return order;
  }
  return prerelease.size() <=> other.prerelease.size();
}

}  // namespace bulkhead::manifest
