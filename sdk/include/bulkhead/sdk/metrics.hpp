// bulkhead/sdk/metrics.hpp: the metrics of a training run, numbered from 1 without gaps, for
// readers that come and go.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/sdk/call.hpp>

namespace bulkhead::sdk {

struct Metric {
  std::string name;  // "loss", "accuracy"
  std::uint64_t number = 0;
  std::uint64_t step = 0;
  double value = 0;
};

// Keeps the last points; any thread may add and read.
class Metrics {
 public:
  static constexpr std::size_t kKept = 4096;

  void add(std::string_view name, std::uint64_t step, double value) {
    {
      const std::lock_guard lock(mutex_);
      if (points_.size() == kKept) points_.pop_front();
      points_.push_back({std::string(name), ++last_, step, value});
    }
    changed_.notify_all();
  }

  // The points after number `after`, at most `most` (0: all), oldest first. Where there is none it
  // waits for the first one, `wait` at most. Throws when the call is to stop, or at close().
  std::vector<Metric> read(const Call& call, std::uint64_t after, std::size_t most,
                           std::chrono::nanoseconds wait) const {
    // The call tells only when asked whether it is to stop.
    constexpr std::chrono::nanoseconds kPoll = std::chrono::milliseconds(5);
    const auto begin = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    for (;;) {
      if (closed_) throw PluginError(BH_NOT_FOUND, "The run was closed.");
      if (last_ > after) break;
      const std::chrono::nanoseconds waited = std::chrono::steady_clock::now() - begin;
      if (waited >= wait) return {};
      call.check();
      changed_.wait_for(lock, std::min(kPoll, wait - waited));
    }
    const std::uint64_t first = last_ - points_.size() + 1;
    const std::size_t skipped = after < first ? 0 : static_cast<std::size_t>(after - first + 1);
    std::size_t count = points_.size() - skipped;
    if (most != 0) count = std::min(count, most);
    const auto from = points_.begin() + static_cast<std::ptrdiff_t>(skipped);
    return {from, from + static_cast<std::ptrdiff_t>(count)};
  }

  // Readers that wait are told that the run is over.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<Metric> points_;
  std::uint64_t last_ = 0;  // number of the newest point
  bool closed_ = false;
};

}  // namespace bulkhead::sdk
