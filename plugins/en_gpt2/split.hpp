// How a text is split into the pieces within which tokens are merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace en_gpt2 {

// The patterns are those of tiktoken 0.14 (tiktoken_ext/openai_public.py), in split.cpp.
enum class Pattern { kGpt2, kCl100k, kO200k };

// The end of the piece that begins at `at`; at < text.size(). `text` is valid UTF-8, `at` the
// beginning of a character. What follows text.size() does not count: it is the end of the text.
using NextPiece = std::size_t (*)(std::string_view text, std::size_t at);
NextPiece next_piece(Pattern pattern);

// The length of the longest valid UTF-8 at the beginning of `bytes`: no overlong forms, no
// surrogates, nothing above U+10FFFF, no unfinished character.
std::size_t valid_utf8_prefix(std::string_view bytes);

}  // namespace en_gpt2
