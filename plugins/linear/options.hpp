// The options of a run.
#pragma once

#include <cstdint>
#include <bulkhead/sdk/config.hpp>

namespace linear {

struct Options {
  std::int64_t dimension = 65'536;  // features; each is a place that tokens are hashed to
  bool words = true;                // lower-cased words are tokens
  std::int64_t ngram = 4;           // so are all runs of so many bytes; 0: none
  std::int64_t batch = 16;          // samples of a step; fewer where they are very long
  double learning_rate = 2.0;
  std::int64_t metrics_every = 10;                         // steps between two points of "loss"
  std::int64_t evaluate_every = 100;                       // steps between two evaluations; 0: none
  std::int64_t max_data_bytes = 64ll << 20;                // more data is refused
  static constexpr std::int64_t kMostWeights = 1ll << 26;  // dimension times classes
};

// Throws BH_INVALID_ARGUMENT for an option that is unknown, given twice, or out of its range.
Options read_options(const bulkhead::sdk::Config& config);

}  // namespace linear
