#include "model.hpp"

#include <algorithm>
#include <cmath>

namespace linear {

void Model::score(const bulkhead::sdk::Call& call, std::string_view text,
                  std::span<double> scores) const {
  constexpr std::size_t kPollEvery = 1 << 18;  // additions
  std::fill(scores.begin(), scores.end(), 0.0);
  std::size_t tokens = 0, since_poll = 0;
  features_.visit(text, [&](std::uint32_t place) {
    const float* row = weights_.data() + place * classes_;
    for (std::size_t c = 0; c < classes_; ++c) scores[c] += static_cast<double>(row[c]);
    ++tokens;
    if ((since_poll += classes_ + 8) >= kPollEvery) {
      since_poll = 0;
      call.check();
    }
  });
  const double scale = tokens == 0 ? 0.0 : 1.0 / std::sqrt(static_cast<double>(tokens));
  for (std::size_t c = 0; c < classes_; ++c) {
    scores[c] = scores[c] * scale + static_cast<double>(bias_[c]);
  }
}

void Model::update(std::string_view text, std::span<const double> errors, double rate) {
  std::size_t tokens = 0;
  features_.visit(text, [&](std::uint32_t) { ++tokens; });
  for (std::size_t c = 0; c < classes_; ++c) bias_[c] -= static_cast<float>(rate * errors[c]);
  if (tokens == 0) return;
  const double scale = rate / std::sqrt(static_cast<double>(tokens));
  features_.visit(text, [&](std::uint32_t place) {
    float* row = weights_.data() + place * classes_;
    for (std::size_t c = 0; c < classes_; ++c) row[c] -= static_cast<float>(scale * errors[c]);
  });
}

double softmax(std::span<double> scores, std::size_t label) {
  // Without the largest score exp would overflow.
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - largest);
  const double log_sum = std::log(sum);
  const double log_probability = scores[label] - largest - log_sum;
  for (double& score : scores) score = std::exp(score - largest - log_sum);
  return log_probability;
}

}  // namespace linear
