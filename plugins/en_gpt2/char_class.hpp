// The classes of characters that the split patterns tell apart (Unicode 16.0.0, as tiktoken's
// regular expressions see them).
#pragma once

#include <cstdint>

namespace en_gpt2 {

// In the order of char_table.mjs.
enum CharClass : std::uint8_t {
  kOther = 0,
  kUpper,    // Lu, Lt
  kLower,    // Ll
  kLetter,   // Lm, Lo: letters without case
  kMark,     // M; no letter
  kNumber,   // N
  kSpace,    // White_Space, but for:
  kNewline,  // U+000A, U+000D
};

// A set of classes.
using ClassSet = std::uint8_t;
constexpr ClassSet set_of(CharClass c) { return static_cast<ClassSet>(1u << c); }
constexpr ClassSet kLetters = set_of(kUpper) | set_of(kLower) | set_of(kLetter);  // \p{L}
constexpr ClassSet kNumbers = set_of(kNumber);                                    // \p{N}
constexpr ClassSet kSpaces = set_of(kSpace) | set_of(kNewline);                   // \s
constexpr ClassSet kOthers = set_of(kOther) | set_of(kMark);                      // [^\s\p{L}\p{N}]

}  // namespace en_gpt2
