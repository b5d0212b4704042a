// UTF-8, one character at a time: which may be shown on a terminal, and how the others are written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::wire {

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};

// The first code point of a text that is not empty. Refuses overlong forms and surrogates.
inline CodePoint first_code_point(std::string_view text) {
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

// No control character, no end of a line, and nothing that changes the direction of writing.
inline bool is_shown(char32_t value) {
  const bool control = value < 0x20 || (value >= 0x7F && value < 0xA0);
  const bool separator = value == 0x2028 || value == 0x2029;
  const bool direction =
      (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
  return !control && !separator && !direction;
}

// Takes the first character off a text that is not empty: itself where it is shown, else its bytes
// as \n, \t, \xHH.
inline std::string take_shown(std::string_view& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const CodePoint point = first_code_point(text);
  const std::string_view bytes = text.substr(0, point.size);
  text.remove_prefix(point.size);
  if (point.valid && is_shown(point.value)) return std::string(bytes);
  std::string escaped;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\t') {
      escaped += "\\t";
    } else {
      escaped += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return escaped;
}

// A text from a plugin as one line of at most so many bytes, fit for a terminal and a log. Of a
// text that is one already, the same.
inline std::string one_line(std::string_view text, std::size_t most = 4096) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  std::string line;
  while (!text.empty()) {
    const std::string next = take_shown(text);
    if (line.size() + next.size() > most) break;
    line += next;
  }
  return line;
}

}  // namespace bulkhead::wire
