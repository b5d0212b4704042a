// The arithmetic of int8: formats, scales, rounding, errors.
#include <catch2/catch.hpp>

#include <cfloat>
#include <cmath>
#include <limits>

#include "oracle.hpp"
#include "plugins/quantize/int8.hpp"
#include "plugins/quantize/number_format.hpp"

using namespace quantize;

namespace {

double decoded(const char* format, std::uint64_t bits) {
  double value = 0;
  number_format(format)->decode(reinterpret_cast<const std::byte*>(&bits), {&value, 1});
  return value;
}

std::vector<int> levels(const std::vector<double>& values, float scale, ErrorSum& errors) {
  std::vector<std::int8_t> out(values.size());
  quantize_values(values, scale, out.data(), errors);
  return {out.begin(), out.end()};
}

}  // namespace

TEST_CASE("every number of 16 bits is decoded exactly") {
  const char* format = GENERATE("F16", "BF16");
  const bool half = std::string_view(format) == "F16";
  int finite = 0;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const double value = decoded(format, bits);
    const double expected = oracle::value_of(bits, half ? 5 : 8, half ? 10 : 7);
    if (std::isnan(expected)) {
      REQUIRE(std::isnan(value));
      continue;
    }
    REQUIRE(value == expected);
    REQUIRE(std::signbit(value) == std::signbit(expected));
    finite += std::isfinite(value);
  }
  CHECK(finite == (half ? 63488 : 65280));
}

TEST_CASE("numbers of 32 and 64 bits are themselves") {
  CHECK(decoded("F32", 0x3FC00000) == 1.5);
  CHECK(decoded("F32", 0x80000001) == -static_cast<double>(FLT_TRUE_MIN));
  CHECK(decoded("F64", 0xC004000000000000) == -2.5);
  CHECK(number_format("F8_E4M3")->decode == nullptr);
  CHECK(number_format("f32") == nullptr);
  CHECK(number_format("") == nullptr);
}

TEST_CASE("ties go to the even number, and nothing goes beyond 127") {
  ErrorSum errors;
  errors.begin_row(127);
  CHECK(levels({0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 0.49999999999999994, -0.0}, 1, errors) ==
        std::vector<int>{0, 2, 2, 0, -2, -2, 126, 0, 0});
  CHECK(errors.max() == 0.5);
  CHECK(levels({127.4, 200, -200, 127, -127}, 1, errors) ==
        std::vector<int>{127, 127, -127, 127, -127});
  CHECK(errors.max() == 73);
}

TEST_CASE("a scale exists for every row of finite numbers that a float32 can reach") {
  CHECK(scale_of(127) == 1.0f);
  CHECK(scale_of(0) == 1.0f);
  CHECK(scale_of(DBL_TRUE_MIN) == 1.0f);
  CHECK(scale_of(127 * static_cast<double>(FLT_TRUE_MIN)) == FLT_TRUE_MIN);
  CHECK(has_scale(127 * static_cast<double>(FLT_MAX)));
  CHECK(scale_of(127 * static_cast<double>(FLT_MAX)) == FLT_MAX);
  CHECK_FALSE(has_scale(127.001 * static_cast<double>(FLT_MAX)));
  CHECK_FALSE(has_scale(INFINITY));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(largest(std::vector<double>{1, -3, 2}) == 3);
  CHECK(largest({}) == 0);
  CHECK(largest(std::vector<double>{1, nan, 2}) == INFINITY);
  CHECK(largest(std::vector<double>{nan}) == INFINITY);
  CHECK(largest(std::vector<double>{-INFINITY, 1}) == INFINITY);
}

TEST_CASE("the sum of errors neither overflows nor vanishes") {
  const double size = GENERATE(1e-300, 1e-30, 1.0, 1e30, 1e40);
  ErrorSum errors;
  for (int row = 0; row < 3; ++row) {
    errors.begin_row(size);
    errors.add(0.25 * size);
    errors.add(0.5 * size);
    errors.end_row();
  }
  CHECK(errors.max() == 0.5 * size);
  CHECK(errors.rms(6) == Approx(std::sqrt(0.15625) * size).epsilon(1e-14));
  CHECK(ErrorSum().rms(0) == 0);
}
