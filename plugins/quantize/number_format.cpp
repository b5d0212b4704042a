#include "number_format.hpp"

#include <bit>
#include <cstring>

namespace quantize {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little endian");

template <class Bits>
Bits load(const std::byte* from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof bits);
  return bits;
}

double from_f64(const std::byte* from) { return load<double>(from); }
double from_f32(const std::byte* from) { return static_cast<double>(load<float>(from)); }
double from_bf16(const std::byte* from) {
  return static_cast<double>(
      std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(from)) << 16));
}
// IEEE 754 binary16. Its exponent and fraction stand in those of a double as they are: the value is
// then too small by the difference of the biases, 1023 - 15, and multiplying by that power of two
// is exact, for subnormal numbers too. The exponent 31 (infinite, NaN) becomes that of a double.
double from_f16(const std::byte* from) {
  const std::uint64_t bits = load<std::uint16_t>(from);
  const std::uint64_t sign = (bits & 0x8000) << 48;
  const std::uint64_t rest = (bits & 0x7FFF) << 42;
  if ((bits & 0x7C00) == 0x7C00) {
    return std::bit_cast<double>(sign | 0x7FF0'0000'0000'0000 | rest);
  }
  return std::bit_cast<double>(
      sign | std::bit_cast<std::uint64_t>(std::bit_cast<double>(rest) * 0x1p1008));
}

template <double (*One)(const std::byte*), std::size_t Bytes>
void decode(const std::byte* from, std::span<double> out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = One(from + i * Bytes);
}

constexpr NumberFormat kFormats[] = {
    {"BOOL", 1, nullptr},
    {"U8", 1, nullptr},
    {"I8", 1, nullptr},
    {"F8_E5M2", 1, nullptr},
    {"F8_E4M3", 1, nullptr},
    {"F8_E8M0", 1, nullptr},
    {"I16", 2, nullptr},
    {"U16", 2, nullptr},
    {"F16", 2, decode<from_f16, 2>},
    {"BF16", 2, decode<from_bf16, 2>},
    {"I32", 4, nullptr},
    {"U32", 4, nullptr},
    {"F32", 4, decode<from_f32, 4>},
    {"I64", 8, nullptr},
    {"U64", 8, nullptr},
    {"F64", 8, decode<from_f64, 8>},
    {"C64", 8, nullptr},
};

}  // namespace

const NumberFormat* number_format(std::string_view name) {
  for (const NumberFormat& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

std::string_view number_format_names() {
  return "BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, U16, F16, BF16, I32, U32, F32, I64, U64, "
         "F64, C64";
}

}  // namespace quantize
