// PNG images, by libpng.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <bulkhead/sdk/call.hpp>

namespace loader {

struct PngHeader {
  std::uint32_t width = 0, height = 0;
  std::uint32_t channels = 0;  // as decoded: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA
};

// No image is wider or higher. Bounds what libpng needs for a row (8 MB, a few times).
constexpr std::uint32_t kMostPixelsPerSide = 1'000'000;

bool is_png(std::string_view file);

// From what is before the pixels. Throws BH_DATA_INVALID, also for a file that is too small for as
// many pixels as it claims; BH_RESOURCE_EXHAUSTED for a side above kMostPixelsPerSide.
PngHeader read_png_header(std::string_view file);

// The pixels, row by row from the top, width * height * channels of them. The samples are those of
// the file: nothing is done about gamma and colour profiles. Palettes are resolved, transparent
// colours become alpha, 1, 2 and 4 bits are widened to 0 to 255, 16 bits are rounded to 8. Throws
// BH_DATA_INVALID. Progress: rows of `call`.
void decode_png(const bulkhead::sdk::Call& call, std::string_view file,
                std::span<std::uint8_t> pixels);

}  // namespace loader
