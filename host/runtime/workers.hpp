// Threads for calls that must not hold up their caller: they are made when needed, and a thread
// that a plugin keeps is given up and replaced.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace bulkhead::host {

class Workers {
 public:
  enum class Full { queue, refuse };
  // What run() does when all threads are at work.
  explicit Workers(unsigned most, Full full = Full::queue);
  // As stop().
  ~Workers();

  // Runs a task on some thread, at once if there may be another thread, else when one is free (or
  // not at all, see Full). False when no thread can be had.
  bool run(std::function<void()> task);
  // A task does not come back: its thread no longer counts.
  void give_up_one();
  // Waits so long for the running tasks; threads that are still held then are left behind: they end
  // with their task or with the process. True when none is.
  bool stop(std::chrono::nanoseconds patience);

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable work, ended;
    std::deque<std::function<void()>> tasks;
    unsigned threads = 0, idle = 0, given_up = 0;
    bool stopping = false;
  };
  static void serve(const std::shared_ptr<Shared>& shared);

  const unsigned most_;
  const Full full_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace bulkhead::host
