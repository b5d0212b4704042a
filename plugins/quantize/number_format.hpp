// The number formats of safetensors, and the floating ones as doubles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace quantize {

struct NumberFormat {
  std::string_view name;  // as in the file: "BF16"
  std::uint32_t bytes;    // of one number
  // Turns out.size() numbers, little endian, into doubles, exactly. Null: not F16, BF16, F32, F64.
  void (*decode)(const std::byte* from, std::span<double> out);
};

// The format of that name, or null. It lives as long as the library.
const NumberFormat* number_format(std::string_view name);
// The names of all, for an error.
std::string_view number_format_names();

}  // namespace quantize
