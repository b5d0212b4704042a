// One run: minibatch gradient descent. The same data, options and seed give the same run bit for
// bit, on however many threads, and so does a run that goes on from a checkpoint.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>
#include <bulkhead/sdk/trainer.hpp>

#include "checkpoint.hpp"
#include "corpus.hpp"
#include "model.hpp"
#include "options.hpp"
#include "random.hpp"

namespace linear {

class Run final : public bulkhead::TrainingRun {
 public:
  Run(bulkhead::sdk::Files files, Corpus corpus, const Options& options, std::uint64_t seed,
      unsigned threads);

  double step(const Call& call, Metrics& metrics) override;
  RunPosition position() const override { return {state_.step, state_.samples, state_.loss}; }
  std::uint64_t checkpoint(const Call& call, std::string_view file) override;
  void restore(const Call& call, std::string_view file) override;
  Generated generate(const Call& call, const GenerateRequest& request) override;

 private:
  void split(Random& random);
  // Puts the samples of an epoch into the order that comes from its random state.
  static std::vector<std::uint32_t> epoch_order(std::vector<std::uint32_t> samples, Random& random);
  void begin_epoch();
  std::size_t batch_size() const;
  void evaluate(const Call& call, Metrics& metrics);

  const bulkhead::sdk::Files files_;
  const Corpus corpus_;
  const Options options_;
  const unsigned threads_;
  const Identity identity_;
  std::vector<std::uint32_t> training_, held_out_;  // samples, for the whole run
  std::vector<std::uint32_t> order_;                // training_ as this epoch sees it
  Model model_;
  State state_;
};

}  // namespace linear
