#include "registry/manifest/words.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestQuote = 80;
constexpr std::size_t kLongestList = 20;
constexpr std::size_t kLongestNearWord = 64;  // bounds the work of the edit distance

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};

// The first code point of a text that is not empty. Refuses overlong forms and surrogates.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  char32_t value = lead & (0x7Fu >> size);
  for (std::size_t index = 1; index < size; ++index) {
    if ((byte(index) & 0xC0u) != 0x80) return {};
    value = (value << 6) | (byte(index) & 0x3Fu);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {value, size, true};
}

bool is_shown(char32_t value) {
  const bool control = value < 0x20 || (value >= 0x7F && value < 0xA0);
  const bool separator = value == 0x2028 || value == 0x2029;
  const bool direction =
      (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
  return !control && !separator && !direction;
}

void append_escaped(std::string& result, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

std::string escape_up_to(std::string_view text, std::size_t limit) {
  std::string result;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::string_view bytes = text.substr(0, point.size);
    std::string next;
    if (point.valid && is_shown(point.value)) {
      next = bytes;
    } else {
      append_escaped(next, bytes);
    }
    if (result.size() + next.size() > limit) return result + "...";
    result += next;
    text.remove_prefix(point.size);
  }
  return result;
}

std::string folded(std::string_view word) {
  std::string result(word);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::tolower(c));
  });
  return result;
}

// Optimal string alignment: insertion, deletion, replacement, swap of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

}  // namespace

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.valid || !is_shown(point.value)) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

std::string escaped(std::string_view text) { return escape_up_to(text, std::string::npos); }

std::string quoted(std::string_view text) { return "'" + escape_up_to(text, kLongestQuote) + "'"; }

std::string listed(const std::vector<std::string>& words) {
  if (words.empty()) return "none";
  std::string result;
  for (std::size_t index = 0; index < words.size(); ++index) {
    if (index == kLongestList) return result + ", ...";
    if (index > 0) result += ", ";
    result += escape_up_to(words[index], kLongestQuote);
  }
  return result;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kLongestNearWord) return {};
  const std::string wanted = folded(word);
  // A third of the letters may be wrong: more than that is another word.
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string best;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestNearWord) continue;
    const std::size_t distance = edit_distance(wanted, folded(candidate));
    // Nothing of a word of one or two letters is left when as many are wrong.
    if (distance >= candidate.size() || distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  return near.empty() ? std::string{} : "; did you mean " + quoted(near) + "?";
}

}  // namespace bulkhead::manifest
