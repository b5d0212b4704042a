// Makes PNG and WAV files, written down from their specifications and independent of the libraries
// that the plugin uses (of zlib only deflate and CRC), and says what they must become.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::testing {

// ---- PNG (ISO/IEC 15948)

inline std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string png_chunk(std::string_view name, std::string_view body) {
  const std::string named = std::string(name) + std::string(body);
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(named.data()), static_cast<uInt>(named.size()));
  return big_endian(static_cast<std::uint32_t>(body.size())) + named +
         big_endian(static_cast<std::uint32_t>(crc));
}

inline std::string deflated(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9) != Z_OK) {
    throw std::runtime_error("zlib does not compress");
  }
  out.resize(size);
  return out;
}

struct Png {
  enum Type { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };
  std::uint32_t width = 1, height = 1;
  Type type = grey;
  unsigned depth = 8;
  bool interlaced = false;
  std::vector<std::uint16_t> samples;  // [height][width][stored_channels()], of `depth` bits
  std::vector<std::array<std::uint8_t, 3>> colours = {};  // of a palette
  std::vector<std::uint8_t> colour_alpha = {};            // of its first colours
  std::vector<std::uint16_t> transparent = {};            // one grey or RGB value
  std::string extra = {};                                 // chunks before the pixels

  unsigned stored_channels() const {
    return type == rgb ? 3 : type == rgba ? 4 : type == grey_alpha ? 2 : 1;
  }
  unsigned channels() const {
    const bool alpha =
        type == grey_alpha || type == rgba || !transparent.empty() || !colour_alpha.empty();
    return (type == grey || type == grey_alpha ? 1u : 3u) + (alpha ? 1u : 0u);
  }
  std::uint16_t sample(std::size_t x, std::size_t y, unsigned channel) const {
    return samples.at((y * width + x) * stored_channels() + channel);
  }

  // What it must become.
  std::vector<std::uint8_t> pixels() const {
    std::vector<std::uint8_t> out;
    for (std::uint32_t y = 0; y < height; ++y) {
      for (std::uint32_t x = 0; x < width; ++x) add_pixel(out, x, y);
    }
    return out;
  }

  std::string file() const {
    std::string head = big_endian(width) + big_endian(height);
    for (const unsigned value : {depth, static_cast<unsigned>(type), 0u, 0u, interlaced ? 1u : 0u})
      head += static_cast<char>(value);
    std::string all = "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", head) + extra;
    if (type == palette) {
      std::string entries;
      for (const auto& colour : colours) entries.append(colour.begin(), colour.end());
      all += png_chunk("PLTE", entries);
    }
    std::string keys(colour_alpha.begin(), colour_alpha.end());
    for (const std::uint16_t key : transparent) {
      keys += static_cast<char>(key >> 8);
      keys += static_cast<char>(key);
    }
    if (!keys.empty()) all += png_chunk("tRNS", keys);
    return all + png_chunk("IDAT", deflated(filtered())) + png_chunk("IEND", "");
  }

  // All rows of all passes, filtered: what is deflated.
  std::string filtered() const {
    if (!interlaced) return filtered_pass(0, 0, 1, 1);
    static constexpr std::array<std::array<std::uint32_t, 4>, 7> kAdam7 = {{{0, 0, 8, 8},
                                                                            {4, 0, 8, 8},
                                                                            {0, 4, 4, 8},
                                                                            {2, 0, 4, 4},
                                                                            {0, 2, 2, 4},
                                                                            {1, 0, 2, 2},
                                                                            {0, 1, 1, 2}}};
    std::string all;
    for (const auto& [x, y, dx, dy] : kAdam7) all += filtered_pass(x, y, dx, dy);
    return all;
  }

 private:
  // round(value * 255 / largest)
  std::uint8_t scaled(std::uint16_t value) const {
    const std::uint32_t largest = (1u << depth) - 1;
    return static_cast<std::uint8_t>((value * 255u + largest / 2) / largest);
  }
  void add_pixel(std::vector<std::uint8_t>& out, std::uint32_t x, std::uint32_t y) const {
    if (type == palette) {
      const std::uint16_t index = sample(x, y, 0);
      const std::array<std::uint8_t, 3> black{};
      const auto& colour = index < colours.size() ? colours[index] : black;
      out.insert(out.end(), colour.begin(), colour.end());
      if (colour_alpha.empty()) return;
      out.push_back(index < colour_alpha.size() ? colour_alpha[index] : 255);
      return;
    }
    bool is_key = !transparent.empty();
    for (unsigned c = 0; c < stored_channels(); ++c) {
      const std::uint16_t value = sample(x, y, c);
      out.push_back(scaled(value));
      is_key = is_key && value == transparent[c];
    }
    if (!transparent.empty()) out.push_back(is_key ? 0 : 255);
  }

  std::string packed_row(std::uint32_t x, std::uint32_t y, std::uint32_t dx) const {
    std::string row;
    unsigned bits = 0, count = 0;
    for (; x < width; x += dx) {
      for (unsigned c = 0; c < stored_channels(); ++c) {
        const std::uint16_t value = sample(x, y, c);
        if (depth == 16) row += static_cast<char>(value >> 8);
        bits = bits << depth | value;
        count += depth;
        if (count < 8) continue;
        row += static_cast<char>(bits);
        bits = count = 0;
      }
    }
    if (count > 0) row += static_cast<char>(bits << (8 - count));
    return row;
  }

  // Each of the five filters in turn.
  std::string filtered_pass(std::uint32_t x, std::uint32_t y, std::uint32_t dx,
                            std::uint32_t dy) const {
    std::string all, above;
    if (x >= width) return all;
    const std::size_t step = std::max(1u, depth * stored_channels() / 8);
    unsigned filter = 0;
    for (; y < height; y += dy, filter = (filter + 1) % 5) {
      const std::string row = packed_row(x, y, dx);
      if (above.empty()) above.assign(row.size(), '\0');
      all += static_cast<char>(filter);
      for (std::size_t i = 0; i < row.size(); ++i) {
        const auto at = [&](const std::string& line, std::size_t back) {
          return i < back ? 0 : static_cast<int>(static_cast<std::uint8_t>(line[i - back]));
        };
        const int a = at(row, step), b = at(above, 0), c = at(above, step);
        const int guess[5] = {0, a, b, (a + b) / 2, paeth(a, b, c)};
        all += static_cast<char>(at(row, 0) - guess[filter]);
      }
      above = row;
    }
    return all;
  }
  static int paeth(int a, int b, int c) {
    const int p = a + b - c, pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
  }
};

// An image of any kind whose samples have no pattern.
inline Png noisy_png(Png::Type type, unsigned depth, bool interlaced, std::uint32_t width,
                     std::uint32_t height) {
  Png png{width, height, type, depth, interlaced, {}};
  std::uint32_t state = 12345 + width * 31 + height;
  const std::size_t count = std::size_t{width} * height * png.stored_channels();
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    png.samples.push_back(static_cast<std::uint16_t>((state >> 8) & ((1u << depth) - 1)));
  }
  if (type == Png::palette) {
    for (unsigned i = 0; i < (1u << depth); ++i) {
      png.colours.push_back({static_cast<std::uint8_t>(i * 37), static_cast<std::uint8_t>(255 - i),
                             static_cast<std::uint8_t>(i * 101 + 7)});
    }
  }
  return png;
}

// A file whose header claims as many pixels as it likes.
inline std::string png_claiming(std::uint32_t width, std::uint32_t height, std::string_view data) {
  const std::string head =
      big_endian(width) + big_endian(height) + std::string("\x08\x06\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", head) + png_chunk("IDAT", data) +
         png_chunk("IEND", "");
}

// ---- WAV

inline std::string little_endian(std::uint64_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

inline std::string riff_chunk(std::string_view name, std::string_view body) {
  return std::string(name) + little_endian(body.size(), 4) + std::string(body) +
         std::string(body.size() % 2, '\0');
}

inline std::string riff(std::string_view chunks) {
  return "RIFF" + little_endian(chunks.size() + 4, 4) + "WAVE" + std::string(chunks);
}

struct WavFormat {
  unsigned encoding = 1, channels = 1, rate = 8000, bits = 16;

  std::string body() const {
    const unsigned frame = channels * bits / 8;
    return little_endian(encoding, 2) + little_endian(channels, 2) + little_endian(rate, 4) +
           little_endian(std::uint64_t{rate} * frame, 4) + little_endian(frame, 2) +
           little_endian(bits, 2);
  }
  std::string extended_body(unsigned valid_bits) const {
    WavFormat outer = *this;
    outer.encoding = 0xFFFE;
    return outer.body() + little_endian(22, 2) + little_endian(valid_bits, 2) +
           little_endian(3, 4) + little_endian(encoding, 2) +
           std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
  }
};

inline std::string wav_file(const WavFormat& format, std::string_view data) {
  return riff(riff_chunk("fmt ", format.body()) + riff_chunk("data", data));
}

}  // namespace bulkhead::testing
