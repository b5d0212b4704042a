// What a command says on standard error while it works: bars with bytes and rate on a terminal,
// plain lines otherwise. All lines for standard error go through here, so that none lands in a bar.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace bulkhead::cli {

class Progress {
 public:
  class Task;

  Progress();

  // Standard error is a terminal that can redraw a line.
  bool bars() const { return bars_; }
  // A line of its own. [any-thread]
  void line(std::string_view text);
  // A bar for work on `bytes` bytes, until the Task goes. Draws nothing where there are no bars.
  std::unique_ptr<Task> start(std::string name, std::uint64_t bytes);

 private:
  void erase();
  void draw();

  const bool bars_;
  std::mutex mutex_;
  std::list<Task*> tasks_;
  std::size_t drawn_ = 0;  // lines below which the cursor stands
  std::chrono::steady_clock::time_point last_{};
};

class Progress::Task {
 public:
  Task(Progress& progress, std::string name, std::uint64_t bytes);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // As CallOptions::progress gives it: done of total units, total 0 for unknown. [any-thread]
  void update(std::uint64_t done, std::uint64_t total);

 private:
  friend class Progress;
  std::string text(std::size_t columns) const;

  Progress& progress_;
  const std::string name_;
  const std::uint64_t bytes_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  double share_ = -1;  // of the work done, -1: unknown
};

}  // namespace bulkhead::cli
