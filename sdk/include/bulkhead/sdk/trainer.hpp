// bulkhead/sdk/trainer.hpp: write a trainer plugin.
//
//   #include <bulkhead/sdk/trainer.hpp>
//
//   class Run : public bulkhead::TrainingRun {
//    public:
//     double step(const Call&, Metrics& metrics) override { ... }       // one step; its loss
//     RunPosition position() const override { ... }
//     std::uint64_t checkpoint(const Call&, std::string_view file) override { ... }
//     void restore(const Call&, std::string_view file) override { ... }
//     Generated generate(const Call&, const GenerateRequest&) override { ... }
//   };
//   class Mine : public bulkhead::Trainer {
//    public:
//     TrainerFacts info() const override { return {.name = "mine"}; }
//     std::unique_ptr<bulkhead::TrainingRun> open_run(const Call&, const RunRequest&) const
//     override
//     {
//       return std::make_unique<Run>(...);
//     }
//   };
//   BULKHEAD_PLUGIN(Mine);
//
// What is made from these: handles, pausing, progress, deadlines between steps, the stream of
// metrics, the guard against a loss that is no number. What each function means, and which errors
// it has, stands in bulkhead/abi/draft/trainer.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <bulkhead/abi/draft/trainer.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/files.hpp>
#include <bulkhead/sdk/metrics.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

struct TrainerFacts {
  std::string name;
  std::string description = {};
};

// Valid while open_run runs.
struct RunRequest {
  std::span<const std::string_view> data;  // names of granted files
  std::uint64_t seed = 0;                  // of everything random
  unsigned threads = 1;                    // that the run may use, at least 1
  const Config& options;                   // nobody has checked them: see Config::keys()
};

struct RunPosition {
  std::uint64_t step = 0;     // steps that the run has taken in all
  std::uint64_t samples = 0;  // that it has seen in all
  double loss = 0;            // of the last step; 0 before the first
};

struct GenerateRequest {
  std::string_view prompt;      // bytes
  std::uint64_t seed = 0;       // of what is drawn
  std::uint64_t max_bytes = 0;  // of the answer; 0: as the plugin likes
  double temperature = 0;       // 0: the most likely answer; finite, not negative
};

struct Generated {
  std::string answer;
  double probability = 0;  // under the model
};

// One run. Its functions are never called at the same time, so it needs no lock; but from different
// threads.
class TrainingRun {
 public:
  using Call = sdk::Call;
  using Generated = sdk::Generated;
  using GenerateRequest = sdk::GenerateRequest;
  using Metrics = sdk::Metrics;
  using PluginError = sdk::PluginError;
  using RunPosition = sdk::RunPosition;

  virtual ~TrainingRun() = default;

  // Takes one step and returns its loss; one that is no number ends the call with BH_DATA_INVALID.
  // Where it throws (call.check() in a long step) the run must be as it was before the step, or as
  // it is after it: position() tells which.
  virtual double step(const Call& call, Metrics& metrics) = 0;
  virtual RunPosition position() const = 0;
  // Writes the whole state to a granted file, and returns the size of that.
  virtual std::uint64_t checkpoint(const Call& call, std::string_view file) = 0;
  // Sets the run to what a granted file holds; where it throws, the run must be as it was.
  virtual void restore(const Call& call, std::string_view file) = 0;
  virtual Generated generate(const Call& call, const GenerateRequest& request) = 0;
};

class TrainerInstance;

// One configured trainer. Its functions may be called from many threads at once, so they are const.
// Made by a constructor that takes nothing or a `const bulkhead::sdk::Open&`; the files service
// comes from there: Files(open.services).
class Trainer {
 public:
  using Call = sdk::Call;
  using Files = sdk::Files;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;
  using RunRequest = sdk::RunRequest;
  using TrainerFacts = sdk::TrainerFacts;

  virtual ~Trainer() = default;

  virtual TrainerFacts info() const = 0;
  // A run at step 0.
  virtual std::unique_ptr<TrainingRun> open_run(const Call& call,
                                                const RunRequest& request) const = 0;
  // Runs that may be open at the same time; one more is BH_OVERLOADED.
  virtual std::size_t most_runs() const { return 16; }

  // For BULKHEAD_PLUGIN: how a trainer is seen through the C ABI.
  using Instance = TrainerInstance;
  static constexpr const char* kInterfaces[] = {BH_TRAINER_1, nullptr};
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Trainer = sdk::Trainer;
using TrainingRun = sdk::TrainingRun;
}  // namespace bulkhead

#include <bulkhead/sdk/trainer_table.hpp>
