// bulkhead/sdk/utf8.hpp: where a text can be cut.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulkhead::sdk {

// The number of bytes at the end of `bytes` that begin a UTF-8 sequence whose rest is missing: 0 to
// 3. Bytes that no continuation could make valid don't count.
inline std::size_t incomplete_utf8_tail(std::string_view bytes) noexcept {
  const auto at_end = [&](std::size_t back) {
    return static_cast<std::uint8_t>(bytes[bytes.size() - back]);
  };
  for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const std::uint8_t byte = at_end(back);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte >= 0xC2 && byte <= 0xDF   ? 2
                               : byte >= 0xE0 && byte <= 0xEF ? 3
                               : byte >= 0xF0 && byte <= 0xF4 ? 4
                                                              : 0;
    if (length <= back) return 0;
    if (back >= 2) {  // the second byte is narrower: no overlong forms, surrogates, above U+10FFFF
      const std::uint8_t second = at_end(back - 1);
      if ((byte == 0xE0 && second < 0xA0) || (byte == 0xED && second > 0x9F) ||
          (byte == 0xF0 && second < 0x90) || (byte == 0xF4 && second > 0x8F)) {
        return 0;
      }
    }
    return back;
  }
  return 0;
}

}  // namespace bulkhead::sdk
