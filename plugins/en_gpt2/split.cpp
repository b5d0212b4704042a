#include "split.hpp"

#include <array>
#include <cstring>

#include "char_class.hpp"

namespace en_gpt2 {
namespace {

#include "char_table.inc"

constexpr std::array<std::uint8_t, 128> kAscii = [] {
  std::array<std::uint8_t, 128> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = kBlocks[kBlockOf[0]][i];
  return classes;
}();

struct Char {
  ClassSet set;         // one bit
  std::uint8_t length;  // bytes
};

// One text, as the patterns look at it: positions are bytes, at the beginning of a character.
class Reader {
 public:
  explicit Reader(std::string_view text)
      : text_(reinterpret_cast<const std::uint8_t*>(text.data())), end_(text.size()) {}

  std::size_t end() const { return end_; }
  std::uint8_t byte(std::size_t at) const { return text_[at]; }
  bool is(std::size_t at, char c) const {
    return at < end_ && text_[at] == static_cast<std::uint8_t>(c);
  }

  Char at(std::size_t at) const {
    const std::uint8_t first = text_[at];
    if (first < 0x80) return {bit(kAscii[first]), 1};
    const auto rest = [&](std::size_t i) { return std::uint32_t{text_[at + i]} & 0x3F; };
    if (first < 0xE0) return {look_up((first & 0x1Fu) << 6 | rest(1)), 2};
    if (first < 0xF0) return {look_up((first & 0x0Fu) << 12 | rest(1) << 6 | rest(2)), 3};
    return {look_up((first & 0x07u) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3)), 4};
  }
  bool in(std::size_t at, ClassSet set) const { return at < end_ && (this->at(at).set & set) != 0; }

  // The end of the longest run of characters in `set` from `at`.
  std::size_t skip(std::size_t at, ClassSet set) const {
    while (at < end_) {
      const Char c = this->at(at);
      if ((c.set & set) == 0) break;
      at += c.length;
    }
    return at;
  }
  std::size_t skip_at_most(std::size_t at, ClassSet set, int count) const {
    for (; count > 0 && in(at, set); --count) at += this->at(at).length;
    return at;
  }
  // The beginning of the character that ends at `at`.
  std::size_t before(std::size_t at) const {
    do --at;
    while ((text_[at] & 0xC0) == 0x80);
    return at;
  }

 private:
  static ClassSet bit(std::uint8_t c) { return static_cast<ClassSet>(1u << c); }
  static ClassSet look_up(std::uint32_t code_point) {
    return bit(kBlocks[kBlockOf[code_point / 128]][code_point % 128]);
  }

  const std::uint8_t* text_;
  std::size_t end_;
};

// '(?:[sdmt]|ll|ve|re), or with Fold '(?i:...): the end of the contraction, or `at` for none.
// Without case U+017F (C5 BF) is an s, the only such letter outside of ASCII.
template <bool Fold>
std::size_t contraction(const Reader& text, std::size_t at) {
  if (!text.is(at, '\'') || at + 1 >= text.end()) return at;
  const auto letter = [&](std::size_t i) {
    const std::uint8_t c = i < text.end() ? text.byte(i) : 0;
    return static_cast<char>(Fold && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  };
  const char first = letter(at + 1), second = letter(at + 2);
  switch (first) {
    case 's':
    case 'd':
    case 'm':
    case 't':
      return at + 2;
    case 'l':
      return second == 'l' ? at + 3 : at;
    case 'v':
    case 'r':
      return second == 'e' ? at + 3 : at;
    default:
      break;
  }
  if (Fold && text.byte(at + 1) == 0xC5 && text.byte(at + 2) == 0xBF) return at + 3;
  return at;
}

// \s+(?!\S)|\s, where the run of white space from `at` ends at `run`: all of it at the end of the
// text, else all but the last character, which goes with what follows (or alone, if it is the only
// one).
std::size_t spaces(const Reader& text, std::size_t at, std::size_t run) {
  if (run == text.end()) return run;
  const std::size_t last = text.before(run);
  return last == at ? run : last;
}

// \s*[\r\n]+: the end of the last line break in [at, run), or `at` for none.
std::size_t line_breaks(const Reader& text, std::size_t at, std::size_t run) {
  for (std::size_t i = run; i > at; --i) {
    if (text.byte(i - 1) == '\n' || text.byte(i - 1) == '\r') return i;
  }
  return at;
}

// '(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s
std::size_t next_gpt2(std::string_view view, std::size_t at) {
  const Reader text(view);
  if (const std::size_t end = contraction<false>(text, at); end != at) return end;
  const std::size_t begin = text.is(at, ' ') ? at + 1 : at;
  if (begin < text.end()) {
    const ClassSet set = text.at(begin).set;
    if ((set & kLetters) != 0) return text.skip(begin, kLetters);
    if ((set & kNumbers) != 0) return text.skip(begin, kNumbers);
    if ((set & kOthers) != 0) return text.skip(begin, kOthers);
  }
  return spaces(text, at, text.skip(at, kSpaces));
}

// '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$
// |\s*[\r\n]|\s+(?!\S)|\s
std::size_t next_cl100k(std::string_view view, std::size_t at) {
  const Reader text(view);
  if (const std::size_t end = contraction<true>(text, at); end != at) return end;
  const Char first = text.at(at);
  if ((first.set & kLetters) != 0) return text.skip(at, kLetters);
  if ((first.set & kNumbers) != 0) return text.skip_at_most(at, kNumbers, 3);
  const std::size_t second = at + first.length;
  if (first.set != set_of(kNewline) && text.in(second, kLetters)) {
    return text.skip(second, kLetters);
  }
  const std::size_t begin = text.is(at, ' ') ? second : at;
  if (text.in(begin, kOthers)) {
    return text.skip(text.skip(begin, kOthers), set_of(kNewline));
  }
  const std::size_t run = text.skip(at, kSpaces);
  if (run == text.end()) return run;
  if (const std::size_t end = line_breaks(text, at, run); end != at) return end;
  return spaces(text, at, run);
}

// The classes of the o200k words: U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], l =
// [\p{Ll}\p{Lm}\p{Lo}\p{M}].
constexpr ClassSet kBoth = set_of(kLetter) | set_of(kMark);
constexpr ClassSet kUpperSide = kBoth | set_of(kUpper);
constexpr ClassSet kLowerSide = kBoth | set_of(kLower);

// U*l+ from `at`: its end, or `at` where it does not match. U* takes all it can; where no
// lower-case letter follows, it gives back until l+ has the last character that is in both classes.
std::size_t ends_lower(const Reader& text, std::size_t at) {
  std::size_t end = at, last_both = at;
  while (end < text.end()) {
    const Char c = text.at(end);
    if ((c.set & kUpperSide) == 0) break;
    end += c.length;
    if ((c.set & kBoth) != 0) last_both = end;
  }
  return text.in(end, kLowerSide) ? text.skip(end, kLowerSide) : last_both;
}

// U+l* from `at`, where U*l+ has not matched: so nothing is left for l*.
std::size_t all_upper(const Reader& text, std::size_t at) { return text.skip(at, kUpperSide); }

// [^\r\n\p{L}\p{N}]?U*l+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?U+l*(?i:...)?
// The end, or `at` for none.
std::size_t word(const Reader& text, std::size_t at, const Char& first) {
  const bool prefix = (first.set & (kLetters | kNumbers | set_of(kNewline))) == 0;
  const std::size_t after = at + first.length;
  const auto matched = [&](std::size_t end) { return contraction<true>(text, end); };
  std::size_t end;
  if (prefix && (end = ends_lower(text, after)) != after) return matched(end);
  if ((end = ends_lower(text, at)) != at) return matched(end);
  if (prefix && (end = all_upper(text, after)) != after) return matched(end);
  if ((end = all_upper(text, at)) != at) return matched(end);
  return at;
}

// word|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t next_o200k(std::string_view view, std::size_t at) {
  const Reader text(view);
  const Char first = text.at(at);
  if (const std::size_t end = word(text, at, first); end != at) return end;
  if ((first.set & kNumbers) != 0) return text.skip_at_most(at, kNumbers, 3);
  const std::size_t begin = text.is(at, ' ') ? at + 1 : at;
  if (text.in(begin, kOthers)) {
    std::size_t end = text.skip(begin, kOthers);
    while (text.is(end, '\n') || text.is(end, '\r') || text.is(end, '/')) ++end;
    return end;
  }
  const std::size_t run = text.skip(at, kSpaces);
  if (const std::size_t end = line_breaks(text, at, run); end != at) return end;
  return spaces(text, at, run);
}

}  // namespace

NextPiece next_piece(Pattern pattern) {
  switch (pattern) {
    case Pattern::kGpt2:
      return next_gpt2;
    case Pattern::kCl100k:
      return next_cl100k;
    case Pattern::kO200k:
      return next_o200k;
  }
  return nullptr;
}

std::size_t valid_utf8_prefix(std::string_view bytes) {
  const auto* text = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const std::size_t size = bytes.size();
  std::size_t at = 0;
  while (at < size) {
    if (size - at >= 8) {
      std::uint64_t eight;
      std::memcpy(&eight, text + at, 8);
      if ((eight & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    const std::uint8_t first = text[at];
    if (first < 0x80) {
      ++at;
      continue;
    }
    std::size_t length;
    std::uint8_t low = 0x80, high = 0xBF;  // of the second byte
    if (first >= 0xC2 && first <= 0xDF) {
      length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
      length = 3;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      length = 4;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return at;
    }
    if (size - at < length || text[at + 1] < low || text[at + 1] > high) return at;
    for (std::size_t i = 2; i < length; ++i) {
      if ((text[at + i] & 0xC0) != 0x80) return at;
    }
    at += length;
  }
  return at;
}

}  // namespace en_gpt2
