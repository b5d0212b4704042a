// bulkhead/sdk/trainer_runs.hpp: the open runs of one trainer instance. Included by trainer.hpp;
// authors need nothing from here.
#pragma once

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <bulkhead/sdk/trainer.hpp>

namespace bulkhead::sdk {

// Who may use a run now. A call that takes steps gives way to others between two steps, and they to
// it: neither can starve the other.
class RunTurns {
 public:
  enum Kind { kStep = 0, kOther = 1 };

  class Turn {
   public:
    Turn(RunTurns& turns, const Call& call, Kind kind) : turns_(turns), kind_(kind) {
      turns_.enter(call, kind);
    }
    ~Turn() { turns_.leave(kind_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    RunTurns& turns_;
    const Kind kind_;
  };

 private:
  void enter(const Call& call, Kind kind) {
    constexpr auto kPoll = std::chrono::milliseconds(5);  // the call tells only when asked
    std::unique_lock lock(mutex_);
    ++waiting_[kind];
    while (busy_ || (last_ == kind && waiting_[1 - kind] != 0)) {
      changed_.wait_for(lock, kPoll);
      if (const bh_status status = call.should_stop(); status != BH_OK) {
        --waiting_[kind];
        changed_.notify_all();
        throw Cancelled(status);
      }
    }
    --waiting_[kind];
    busy_ = true;
  }
  void leave(Kind kind) {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    last_ = kind;
    if (waiting_[kStep] + waiting_[kOther] != 0) changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool busy_ = false;
  Kind last_ = kOther;
  unsigned waiting_[2] = {0, 0};
};

// A run with what the base class adds to it.
class OpenRun {
 public:
  explicit OpenRun(std::unique_ptr<TrainingRun> run) : run_(std::move(run)) {}

  // body(run) in its turn.
  template <class Body>
  auto with(const Call& call, RunTurns::Kind kind, Body&& body) {
    const RunTurns::Turn turn(turns_, call, kind);
    {
      const std::lock_guard lock(mutex_);
      if (closed_) throw PluginError(BH_NOT_FOUND, "The run was closed.");
    }
    return body(*run_);
  }

  struct Steps {
    RunPosition position;
    bool paused = false;
  };
  Steps step(const Call& call, std::uint64_t steps) {
    const UnderWay under_way(*this);
    Steps taken;
    for (std::uint64_t i = 0; i < steps; ++i) {
      call.check();
      if (pausing()) {
        taken.paused = true;
        break;
      }
      step_once(call);
      call.progress(i + 1, steps);
    }
    taken.position = with(call, RunTurns::kStep, [](TrainingRun& run) { return run.position(); });
    return taken;
  }

  // A step that is under way returns early; later ones don't.
  void pause() {
    const std::lock_guard lock(mutex_);
    pause_ = stepping_;
  }

  // No later use finds the run; those under way end as if it had never been.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    metrics_.close();
  }

  Metrics& metrics() { return metrics_; }

 private:
  class UnderWay {
   public:
    explicit UnderWay(OpenRun& run) : run_(run) {
      const std::lock_guard lock(run.mutex_);
      if (run.stepping_) {
        throw PluginError(BH_OVERLOADED,
                          "The run is taking steps for another call; wait for that, or pause it.");
      }
      run.stepping_ = true;
      run.pause_ = false;
    }
    ~UnderWay() {
      const std::lock_guard lock(run_.mutex_);
      run_.stepping_ = false;
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

   private:
    OpenRun& run_;
  };

  bool pausing() {
    const std::lock_guard lock(mutex_);
    return pause_;
  }
  void step_once(const Call& call) {
    with(call, RunTurns::kStep, [&](TrainingRun& run) {
      const double loss = run.step(call.for_part(), metrics_);
      if (!std::isfinite(loss)) {
        throw PluginError(
            BH_DATA_INVALID,
            "After step " + std::to_string(run.position().step) +
                " the loss is no finite number: the run diverged. Restore an earlier checkpoint, "
                "or open the run anew with a smaller learning rate.");
      }
    });
  }

  const std::unique_ptr<TrainingRun> run_;
  Metrics metrics_;
  RunTurns turns_;
  std::mutex mutex_;  // of the three below
  bool stepping_ = false;
  bool pause_ = false;
  bool closed_ = false;
};

// The runs by their handles.
class OpenRuns {
 public:
  // The handle of the run that `make` returns; the place is taken before it is made.
  template <class Make>
  std::uint64_t open(std::size_t most, Make&& make) {
    const Place place(*this, most);
    auto run = std::make_shared<OpenRun>(make());
    const std::lock_guard lock(mutex_);
    runs_.emplace(next_, std::move(run));
    return next_++;
  }
  std::shared_ptr<OpenRun> find(std::uint64_t handle) {
    const std::lock_guard lock(mutex_);
    if (const auto found = runs_.find(handle); found != runs_.end()) return found->second;
    throw unknown(handle);
  }
  void close(std::uint64_t handle) {
    std::shared_ptr<OpenRun> run;
    {
      const std::lock_guard lock(mutex_);
      const auto found = runs_.find(handle);
      if (found == runs_.end()) throw unknown(handle);
      run = std::move(found->second);
      runs_.erase(found);
    }
    run->close();
  }

 private:
  // Counts a run that is being opened.
  class Place {
   public:
    Place(OpenRuns& runs, std::size_t most) : runs_(runs) {
      const std::lock_guard lock(runs.mutex_);
      if (runs.runs_.size() + runs.opening_ >= most) {
        throw PluginError(BH_OVERLOADED, std::to_string(most) +
                                             " runs are open in this trainer instance, which is "
                                             "the limit; close one first.");
      }
      ++runs.opening_;
    }
    ~Place() {
      const std::lock_guard lock(runs_.mutex_);
      --runs_.opening_;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    OpenRuns& runs_;
  };
  static PluginError unknown(std::uint64_t handle) {
    return {BH_NOT_FOUND, "Run " + std::to_string(handle) +
                              " is not open in this trainer instance; open one first."};
  }

  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<OpenRun>> runs_;
  std::size_t opening_ = 0;
  std::uint64_t next_ = 1;
};

}  // namespace bulkhead::sdk
