// linear: the trainer plugin.
#include <bulkhead/sdk/trainer.hpp>

#include <memory>
#include <string>
#include <utility>

#include "corpus.hpp"
#include "options.hpp"
#include "run.hpp"

namespace linear {

class Linear final : public bulkhead::Trainer {
 public:
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, nullptr};

  explicit Linear(const Open& open) : files_(open.services) {}

  TrainerFacts info() const override {
    return {
        "linear",
        "Softmax regression on hashed counts of words and byte n-grams. Data: one file for each "
        "class, named for it; each line is a sample."};
  }

  std::unique_ptr<bulkhead::TrainingRun> open_run(const Call& call,
                                                  const RunRequest& request) const override {
    const Options options = read_options(request.options);
    Corpus corpus(call, files_, request.data, static_cast<std::uint64_t>(options.max_data_bytes));
    const auto weights = static_cast<std::uint64_t>(options.dimension) * corpus.labels().size();
    if (weights > static_cast<std::uint64_t>(Options::kMostWeights)) {
      throw PluginError(BH_INVALID_ARGUMENT, "The model would have " + std::to_string(weights) +
                                                 " weights (dimension times classes); at most " +
                                                 std::to_string(Options::kMostWeights) +
                                                 " are allowed. Give a smaller dimension.");
    }
    return std::make_unique<Run>(files_, std::move(corpus), options, request.seed, request.threads);
  }

 private:
  const Files files_;
};

}  // namespace linear

BULKHEAD_PLUGIN(linear::Linear);
