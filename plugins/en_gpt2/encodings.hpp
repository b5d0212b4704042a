// The encodings of this plugin: vocabulary file, split pattern, special tokens.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <bulkhead/sdk/error.hpp>

#include "special.hpp"
#include "split.hpp"

namespace en_gpt2 {

struct Encoding {
  std::string_view name;
  std::string_view file;  // below data/
  Pattern pattern;
  std::span<const SpecialToken> special;  // by id, at least one
};

inline constexpr SpecialToken kGpt2Special[] = {{"<|endoftext|>", 50256}};
inline constexpr SpecialToken kCl100kSpecial[] = {{"<|endoftext|>", 100257},
                                                  {"<|fim_prefix|>", 100258},
                                                  {"<|fim_middle|>", 100259},
                                                  {"<|fim_suffix|>", 100260},
                                                  {"<|endofprompt|>", 100276}};
inline constexpr SpecialToken kO200kSpecial[] = {{"<|endoftext|>", 199999},
                                                 {"<|endofprompt|>", 200018}};

inline constexpr Encoding kEncodings[] = {
    {"gpt2", "r50k_base.tiktoken", Pattern::kGpt2, kGpt2Special},
    {"cl100k_base", "cl100k_base.tiktoken", Pattern::kCl100k, kCl100kSpecial},
    {"o200k_base", "o200k_base.tiktoken", Pattern::kO200k, kO200kSpecial},
};

// Throws BH_INVALID_ARGUMENT for a name that is none of them.
inline const Encoding& encoding_named(std::string_view name) {
  for (const Encoding& encoding : kEncodings) {
    if (encoding.name == name) return encoding;
  }
  throw bulkhead::sdk::PluginError(BH_INVALID_ARGUMENT,
                                   "en_gpt2 has no encoding \"" + std::string(name) +
                                       "\"; it has gpt2, cl100k_base and o200k_base.");
}

}  // namespace en_gpt2
