// bulkhead/trainer_client.hpp: a trainer plugin, as an embedder calls it.
// What the methods mean stands in bulkhead/abi/draft/trainer.h.
//
//   bulkhead::TrainerClient trainer(host.load("linear").open());
//   bulkhead::TrainerRun run = trainer.open_run({.data = {{"ham", "/data/ham"}, ...}, .seed = 1});
//   run.step(1000);
//   run.checkpoint("/data/run.checkpoint");
#pragma once

#include <bulkhead/host.hpp>

#include <bulkhead/abi/draft/trainer.h>

#include <future>

namespace bulkhead {

struct TrainerInfo {
  std::string name;
  std::string description;
};

// A file of training data. The plugin sees a name that ends with "/" and `name`, and may give that
// a meaning: plugin `linear` calls a class so.
struct TrainingData {
  std::string name;
  std::string path;
};

struct RunOptions {
  std::vector<TrainingData> data{};
  std::uint64_t seed = 0;  // of everything random: the same seed, data and options, the same run
  unsigned threads = 1;
  Config options{};  // hyperparameters of the plugin
};

struct StepReport {
  bool paused = false;        // `pause` ended it before all steps were taken
  std::uint64_t step = 0;     // steps that the run has taken in all
  std::uint64_t samples = 0;  // that it has seen in all
  double loss = 0;            // of the last step
};

// Numbered from 1 without gaps: a reader that was away sees what it missed.
struct MetricPoint {
  std::string name;
  std::uint64_t number = 0;
  std::uint64_t step = 0;
  double value = 0;
  bool operator==(const MetricPoint&) const = default;
};

struct Checkpoint {
  std::uint64_t step = 0;
  std::uint64_t bytes = 0;
};

struct GenerateOptions {
  std::uint64_t seed = 0;
  std::uint64_t max_bytes = 0;  // 0: the plugin decides
  double temperature = 0;       // 0: the most likely answer
};

struct Generation {
  std::string answer;
  double probability = 0;
};

class BULKHEAD_API TrainerRun;

class BULKHEAD_API TrainerClient {
 public:
  // Throws Status::unsupported when the instance is no trainer.
  explicit TrainerClient(Instance instance);

  TrainerInfo info(const CallOptions& call = {}) const;
  // The plugin may read the data files while this runs, and no longer.
  TrainerRun open_run(const RunOptions& options, const CallOptions& call = {}) const;

  const Instance& instance() const { return instance_; }

 private:
  friend class TrainerRun;
  Instance instance_;
  const bh_trainer_v1* table_;
};

// A run; it ends in the plugin when this goes. After a crash of the plugin every function throws
// Status::not_found: open a run anew and restore its last checkpoint.
class BULKHEAD_API TrainerRun {
 public:
  TrainerRun(TrainerRun&&) noexcept;
  TrainerRun& operator=(TrainerRun&&) noexcept;
  ~TrainerRun();

  // One at a time; the others may be called while steps are under way.
  StepReport step(std::uint64_t steps, const CallOptions& call = {});
  // Returns at once, or throws (Status::overloaded at the in-flight limit).
  std::future<StepReport> step_async(std::uint64_t steps, const CallOptions& call = {});
  void pause(const CallOptions& call = {});
  // The points after number `after`, at most `most` (0: all); waits for the first one.
  std::vector<MetricPoint> metrics(std::uint64_t after = 0, std::uint32_t most = 0,
                                   std::chrono::nanoseconds wait = {},
                                   const CallOptions& call = {});
  // The plugin may touch the file while this runs, and no longer. A checkpoint appears under the
  // path when it is whole.
  Checkpoint checkpoint(const std::string& path, const CallOptions& call = {});
  StepReport restore(const std::string& path, const CallOptions& call = {});
  Generation generate(std::string_view prompt, const GenerateOptions& options = {},
                      const CallOptions& call = {});
  void close(const CallOptions& call = {});

  std::uint64_t handle() const { return run_; }  // 0: closed

 private:
  friend class TrainerClient;
  TrainerRun(TrainerClient trainer, std::uint64_t run);
  template <class Result, class Method, class Params, class Take>
  auto call(Method method, const char* name, Params params, const CallOptions& options,
            Take&& take_over) const;
  void check_open(const char* name) const;
  std::unique_ptr<TrainerClient> trainer_;
  std::uint64_t run_ = 0;
};

}  // namespace bulkhead
