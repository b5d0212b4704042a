// Byte-pair merging as the rule says it, step by step and independent of the plugin: the reference
// for pieces that no other implementation is asked about.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

class ReferenceBpe {
 public:
  // `file`: a .tiktoken file.
  explicit ReferenceBpe(const std::string& file) {
    std::istringstream lines(file);
    std::string token;
    for (std::uint32_t rank; lines >> token >> rank;) ranks_[decode(token)] = rank;
  }

  std::vector<std::uint32_t> merge(const std::string& piece) const {
    if (const auto whole = ranks_.find(piece); whole != ranks_.end()) return {whole->second};
    // next[i]: where the token that begins at i ends; the candidates by rank, then place.
    const std::size_t size = piece.size();
    std::vector<std::size_t> next(size), previous(size);
    std::set<std::pair<std::uint32_t, std::size_t>> candidates;
    const auto rank_at = [&](std::size_t i) {
      if (next[i] >= size) return ranks_.end();
      return ranks_.find(piece.substr(i, next[next[i]] - i));
    };
    const auto change = [&](std::size_t i, bool add) {
      const auto found = rank_at(i);
      if (found == ranks_.end()) return;
      if (add)
        candidates.emplace(found->second, i);
      else
        candidates.erase({found->second, i});
    };
    for (std::size_t i = 0; i < size; ++i) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (std::size_t i = 0; i < size; ++i) change(i, true);
    while (!candidates.empty()) {
      const std::size_t i = candidates.begin()->second;
      const std::size_t right = next[i];
      if (i > 0) change(previous[i], false);
      change(i, false);
      change(right, false);
      next[i] = next[right];
      if (next[i] < size) previous[next[i]] = i;
      if (i > 0) change(previous[i], true);
      change(i, true);
    }
    std::vector<std::uint32_t> ids;
    for (std::size_t i = 0; i < size; i = next[i])
      ids.push_back(ranks_.at(piece.substr(i, next[i] - i)));
    return ids;
  }

 private:
  static std::string decode(std::string_view base64) {
    static constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0, count = 0;
    for (const char letter : base64) {
      if (letter == '=') break;
      bits = bits << 6 | static_cast<std::uint32_t>(kLetters.find(letter));
      if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8));
    }
    return bytes;
  }

  std::unordered_map<std::string, std::uint32_t> ranks_;
};
