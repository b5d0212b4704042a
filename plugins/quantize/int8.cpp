#include "int8.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quantize {
namespace {

constexpr double kLevels = 127;
// Adding it leaves no bits for fractions, so the addition itself rounds to nearest even, for
// numbers below 2^51. Unlike nearbyint() it is no call of a function.
constexpr double kRounder = 0x1.8p52;

double rounded(double value) { return (value + kRounder) - kRounder; }

}  // namespace

double largest(std::span<const double> values) {
  double most = 0;
  bool finite = true;
  for (const double value : values) {
    const double size = std::fabs(value);
    finite = finite && size <= std::numeric_limits<double>::max();  // false for NaN
    most = size > most ? size : most;
  }
  return finite ? most : std::numeric_limits<double>::infinity();
}

bool has_scale(double most) {
  return most <= kLevels * static_cast<double>(std::numeric_limits<float>::max());
}

float scale_of(double most) {
  const float scale = static_cast<float>(most / kLevels);
  return scale == 0 ? 1 : scale;
}

void ErrorSum::begin_row(double most) {
  // Above the exponent of the smallest number, whose inverse is no double.
  exponent_ = most == 0 ? 0 : std::max(std::ilogb(most), -1000);
  unit_ = std::ldexp(1.0, -exponent_);
  row_ = 0;
}

void ErrorSum::end_row() { squares_ += std::ldexp(static_cast<long double>(row_), 2 * exponent_); }

double ErrorSum::rms(std::uint64_t numbers) const {
  if (numbers == 0) return 0;
  return static_cast<double>(std::sqrt(squares_ / static_cast<long double>(numbers)));
}

void quantize_values(std::span<const double> values, float scale, std::int8_t* out,
                     ErrorSum& errors) {
  const double step = static_cast<double>(scale);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double level = std::clamp(rounded(values[i] / step), -kLevels, kLevels);
    out[i] = static_cast<std::int8_t>(level);
    errors.add(std::fabs(level * step - values[i]));
  }
}

}  // namespace quantize
