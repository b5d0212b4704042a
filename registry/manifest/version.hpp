// SemVer 2.0.0 versions and ranges.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::manifest {

struct Version {
  std::uint64_t major = 0, minor = 0, patch = 0;
  std::vector<std::string> prerelease;  // "rc", "1" of 1.0.0-rc.1
  std::string build;                    // after '+'; no part in order or equality

  static std::optional<Version> parse(std::string_view text);
  std::string text() const;
  // Precedence by SemVer section 11.
  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }
};

// A set of versions: "*", "1.2.3" (exactly), "1.2" (every 1.2.x), "^1.2", "~1.2", ">=1.0 <2.0",
// comparators separated by spaces or commas (and), alternatives by "||" (or). A prerelease is in a
// range only if a comparator of the matching alternative names a prerelease of the same
// major.minor.patch (npm's rule).
class Range {
 public:
  static std::optional<Range> parse(std::string_view text);
  bool contains(const Version& version) const;
  const std::string& text() const { return text_; }

 private:
  enum class Op { equal, less, less_equal, greater, greater_equal };
  struct Comparator {
    Op op;
    Version version;
  };
  static std::optional<std::vector<Comparator>> parse_alternative(std::string_view text);
  // Appends what `sign` ("^", ">=", "", ...) and a version, perhaps with parts left out, mean.
  static bool add_comparators(std::string_view sign, std::string_view text,
                              std::vector<Comparator>& comparators);

  std::vector<std::vector<Comparator>> alternatives_;
  std::string text_;
};

}  // namespace bulkhead::manifest
