#include "registry/manifest/words.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "sdk/wire/code_point.hpp"

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestQuote = 80;
constexpr std::size_t kLongestList = 20;
constexpr std::size_t kLongestNearWord = 64;  // bounds the work of the edit distance

std::string escape_up_to(std::string_view text, std::size_t limit) {
  std::string result;
  while (!text.empty()) {
    const std::string next = wire::take_shown(text);
    if (result.size() + next.size() > limit) return result + "...";
    result += next;
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
    const wire::CodePoint point = wire::first_code_point(text);
    if (!point.valid || !wire::is_shown(point.value)) return false;
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
