// Softmax regression on token counts. The score of class c for a text with n tokens is
//   bias[c] + sum over its tokens t of weights[t][c], divided by the square root of n,
// so long and short texts have features of comparable length.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>
#include <bulkhead/sdk/call.hpp>

#include "features.hpp"

namespace linear {

class Model {
 public:
  Model(const Features& features, std::size_t classes)
      : features_(features),
        classes_(classes),
        weights_(features.dimension() * classes, 0.0f),
        bias_(classes, 0.0f) {}

  std::size_t classes() const { return classes_; }

  // scores[c] for each class. Polls the call.
  void score(const bulkhead::sdk::Call& call, std::string_view text,
             std::span<double> scores) const;
  // Moves the scores of a text by -rate * errors[c], along the gradient.
  void update(std::string_view text, std::span<const double> errors, double rate);

  // For checkpoints.
  std::span<float> weights() { return weights_; }
  std::span<float> bias() { return bias_; }

 private:
  Features features_;
  std::size_t classes_;
  std::vector<float> weights_;  // [dimension][classes]
  std::vector<float> bias_;     // [classes]
};

// Turns scores into probabilities of the classes, in place; returns the logarithm of the one of
// `label`. Scores that are no numbers give one that is none.
double softmax(std::span<double> scores, std::size_t label);

}  // namespace linear
