// Special tokens: text that stands for one id, where the caller allows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <bulkhead/sdk/codec.hpp>

namespace en_gpt2 {

// All special tokens begin with "<|".
struct SpecialToken {
  std::string_view text;
  std::uint32_t id;
};

struct SpecialMatch {
  std::size_t at;  // byte offset
  const SpecialToken* token;
};

// A subset of an encoding's special tokens, to be looked for in text.
class SpecialSet {
 public:
  void add(const SpecialToken& token);
  bool contains(const SpecialToken& token) const;
  // The leftmost one at or after `from`, and of several that begin there the longest.
  std::optional<SpecialMatch> find(std::string_view text, std::size_t from) const;

 private:
  std::vector<const SpecialToken*> tokens_;  // longest first
};

// The tokens that `rules` allow, after `text` was searched for the ones that they disallow. Throws
// BH_INVALID_ARGUMENT for a name that is not in `all`, BH_CODEC_DISALLOWED_SPECIAL for one found.
SpecialSet check_special(std::string_view text, const bulkhead::sdk::SpecialRules& rules,
                         std::span<const SpecialToken> all, std::string_view encoding);

}  // namespace en_gpt2
