// The arithmetic of the method "int8": numbers of one row x, all in double precision, which holds
// every format exactly.
//   scale = float32(max |x| / 127), or 1 where that is 0
//   q     = x / scale, rounded to the nearest integer, ties to even, at most 127 in size
//   x is restored as q * scale
#pragma once

#include <cstdint>
#include <span>

namespace quantize {

// The largest |x|; infinite where one of them is infinite or not a number.
double largest(std::span<const double> values);

// False where no scale exists: `most` is infinite, or too large for a float32 scale.
bool has_scale(double most);
float scale_of(double most);

// The largest error, and the sum of the squares of all errors.
class ErrorSum {
 public:
  double max() const { return max_; }
  double rms(std::uint64_t numbers) const;

  // Squares are summed in units of the row's largest number, so that they neither overflow nor
  // vanish. Begins a row.
  void begin_row(double most);
  void add(double error) {
    if (error > max_) max_ = error;
    row_ += (error * unit_) * (error * unit_);
  }
  void end_row();

 private:
  double max_ = 0, row_ = 0, unit_ = 1;
  int exponent_ = 0;
  long double squares_ = 0;
};

// Fills out[0, values.size()).
void quantize_values(std::span<const double> values, float scale, std::int8_t* out,
                     ErrorSum& errors);

}  // namespace quantize
