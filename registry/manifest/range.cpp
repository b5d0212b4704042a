// Ranges of versions, with the meaning that npm gives to the same text.
#include <algorithm>
#include <charconv>
#include <limits>

#include "registry/manifest/version.hpp"

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestRange = 256;

bool is_separator(char c) { return c == ' ' || c == ','; }

// "1", "1.2", "1.2.x" or a whole version: how many of the numbers are given.
struct Partial {
  Version version;  // numbers that are not given are 0
  int given = 0;    // 0 to 3
};

std::optional<Partial> parse_partial(std::string_view text) {
  if (auto version = Version::parse(text)) return Partial{std::move(*version), 3};
  Partial partial;
  std::uint64_t numbers[3] = {};
  bool open = false;  // an "x" was seen: no number may follow
  for (int part = 0;; ++part) {
    if (part == 3) return std::nullopt;
    const std::size_t dot = text.find('.');
    const std::string_view word = text.substr(0, dot);
    if (word == "*" || word == "x" || word == "X") {
      open = true;
    } else {
      if (open || word.empty() || (word.size() > 1 && word.front() == '0')) return std::nullopt;
      const auto [end, error] =
          std::from_chars(word.data(), word.data() + word.size(), numbers[part]);
      if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
      partial.given = part + 1;
    }
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  if (partial.given == 3) return std::nullopt;  // Version::parse would have read it
  partial.version.major = numbers[0];
  partial.version.minor = numbers[1];
  return partial;
}

// The first version of the next major (part 1), minor (2) or patch (3); nullopt beyond 64 bits.
std::optional<Version> next(const Version& version, int part) {
  Version result;
  result.major = version.major;
  if (part >= 2) result.minor = version.minor;
  if (part >= 3) result.patch = version.patch;
  std::uint64_t& number = part == 1 ? result.major : part == 2 ? result.minor : result.patch;
  if (number == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  ++number;
  return result;
}

// "2.0.0-0" is below every version that begins with 2.0.0, so "<2.0.0-0" lets none of them in.
Version lowest(Version version) {
  version.prerelease = {"0"};
  return version;
}

// The number that "^" keeps: the first one that isn't 0, else the last one that is given.
int caret_part(const Partial& partial) {
  if (partial.version.major != 0 || partial.given == 1) return 1;
  if (partial.version.minor != 0 || partial.given == 2) return 2;
  return 3;
}

bool same_numbers(const Version& a, const Version& b) {
  return a.major == b.major && a.minor == b.minor && a.patch == b.patch;
}

std::string_view take_operator(std::string_view& text) {
  for (const std::string_view sign : {">=", "<=", ">", "<", "=", "^", "~"}) {
    if (!text.starts_with(sign)) continue;
    text.remove_prefix(sign.size());
    return sign;
  }
  return "";
}

void trim(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
}

}  // namespace

std::optional<Range> Range::parse(std::string_view text) {
  if (text.size() > kLongestRange) return std::nullopt;
  Range range;
  range.text_ = text;
  for (;;) {
    const std::size_t bar = text.find("||");
    auto comparators = parse_alternative(text.substr(0, bar));
    if (!comparators) return std::nullopt;
    range.alternatives_.push_back(std::move(*comparators));
    if (bar == std::string_view::npos) return range;
    text.remove_prefix(bar + 2);
  }
}

std::optional<std::vector<Range::Comparator>> Range::parse_alternative(std::string_view text) {
  std::vector<Comparator> comparators;
  trim(text);
  if (text.empty()) return std::nullopt;
  for (;;) {
    const std::string_view sign = take_operator(text);
    while (!sign.empty() && text.starts_with(' ')) text.remove_prefix(1);
    const auto end = std::find_if(text.begin(), text.end(), is_separator);
    const auto length = static_cast<std::size_t>(end - text.begin());
    if (!add_comparators(sign, text.substr(0, length), comparators)) return std::nullopt;
    text.remove_prefix(length);
    trim(text);
    if (text.empty()) return comparators;
    if (text.starts_with(',')) text.remove_prefix(1);
    trim(text);
    if (text.empty()) return std::nullopt;  // nothing after a comma
  }
}

bool Range::add_comparators(std::string_view sign, std::string_view text,
                            std::vector<Comparator>& comparators) {
  const auto partial = parse_partial(text);
  if (!partial) return false;
  const Version& version = partial->version;
  const int given = partial->given;
  const auto add = [&](Op op, Version bound) { comparators.push_back({op, std::move(bound)}); };
  const auto add_below_next = [&](int part) {
    const auto bound = next(version, part);
    if (bound) add(Op::less, lowest(*bound));
    return bound.has_value();
  };

  if (given == 0) {
    // Every version, except for "<*" and ">*": no version.
    if (sign == "<" || sign == ">") add(Op::less, lowest({}));
    return true;
  }
  if (sign == "^" || sign == "~") {
    add(Op::greater_equal, version);
    return add_below_next(sign == "^" ? caret_part(*partial) : std::min(given, 2));
  }
  if (sign == ">=" || sign == "<") {
    add(sign == "<" ? Op::less : Op::greater_equal,
        sign == "<" && given < 3 ? lowest(version) : version);
    return true;
  }
  if (given == 3) {
    add(sign == ">" ? Op::greater : sign == "<=" ? Op::less_equal : Op::equal, version);
    return true;
  }
  // The rest are partial: ">1.2" begins at 1.3.0, "<=1.2" and "1.2" end before it.
  if (sign == ">") {
    const auto bound = next(version, given);
    if (bound) add(Op::greater_equal, *bound);
    return bound.has_value();
  }
  if (sign.empty() || sign == "=") add(Op::greater_equal, version);
  return add_below_next(given);
}

bool Range::contains(const Version& version) const {
  const auto holds = [&](const Comparator& comparator) {
    const auto order = version <=> comparator.version;
    switch (comparator.op) {
      case Op::equal:
        return order == 0;
      case Op::less:
        return order < 0;
      case Op::less_equal:
        return order <= 0;
      case Op::greater:
        return order > 0;
      case Op::greater_equal:
        return order >= 0;
    }
    return false;
  };
  const auto names_prerelease = [&](const Comparator& comparator) {
    return !comparator.version.prerelease.empty() && same_numbers(comparator.version, version);
  };
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const std::vector<Comparator>& alternative) {
                       if (!std::all_of(alternative.begin(), alternative.end(), holds))
                         return false;
                       return version.prerelease.empty() ||
                              std::any_of(alternative.begin(), alternative.end(), names_prerelease);
                     });
}

}  // namespace bulkhead::manifest
