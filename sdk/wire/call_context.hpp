// The host's (and the cell's) implementation of bh_call.
#pragma once

#include <bulkhead/abi/call.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace bulkhead::wire {

// Why a call should stop; the value of the flag that bh_call::cancelled points to.
enum class Stop : std::uint32_t { none = 0, cancelled = 1, deadline = 2 };

// Where the progress and the log lines of a call go.
class CallSink {
 public:
  virtual ~CallSink() = default;
  virtual void progress(std::uint64_t done, std::uint64_t total) = 0;
  virtual void log(std::uint32_t level, std::string_view line) = 0;
};

std::int64_t monotonic_now();  // CLOCK_MONOTONIC, nanoseconds

// One call at a time. Only stop(), and reading the flag, are for other threads.
class CallContext : public bh_call {
 public:
  static constexpr std::size_t kMaxErrorBytes = 4096;
  static constexpr std::uint64_t kDefaultOutputLimit = std::uint64_t{1} << 30;

  CallContext();
  ~CallContext();
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  static CallContext& of(bh_call* call) { return *static_cast<CallContext*>(call); }

  // Frees the results and forgets error and stop flag. Timeout, sink and limit stay.
  void reset();

  void* allocate(std::size_t size);
  // The bytes lie in one block that this call allocated (or are none).
  bool owns(const void* data, std::size_t size) const;
  // The words may be a plugin's: what a terminal or a log must not get is escaped, a newline too,
  // in the cell and in the host alike.
  void fail(std::string_view message);
  const std::string& error() const { return error_; }

  // Asks the call to stop, and wakes who waits for it. [any-thread] The first reason counts.
  void stop(Stop reason);
  // The same, where who waits knows already.
  void note_stop(Stop reason);
  Stop stopped() const { return static_cast<Stop>(__atomic_load_n(&stop_, __ATOMIC_ACQUIRE)); }
  bh_status should_stop();

  // A caller that wants its answer in time even from a plugin that ignores both.
  bool attended() const { return timeout_ns_ != 0 || cancellable_; }
  void set_timeout(std::int64_t nanoseconds) { timeout_ns_ = nanoseconds; }
  std::int64_t timeout() const { return timeout_ns_; }
  // Begins a call on the caller's own thread: a plugin that asks is told to stop after so long, or
  // when `closed` (may be null) is set.
  void begin_direct(std::int64_t default_timeout, const std::atomic<bool>* closed) {
    deadline_ns = 0;
    default_timeout_ns_ = default_timeout;
    closed_ = closed;
  }
  void set_cancellable(bool on) { cancellable_ = on; }
  void set_sink(CallSink* sink) { sink_ = sink; }
  CallSink* sink() const { return sink_; }
  void set_output_limit(std::uint64_t bytes) { output_limit_ = bytes; }
  std::uint64_t output_limit() const { return output_limit_; }

  // Which run of the plugin the call is for, or was served by: a state that a crash ended must not
  // be taken for one of the next run. 0: any.
  void set_run(std::uint16_t run) { run_ = run; }
  std::uint16_t run() const { return run_; }

  // Whoever waits for the call registers how to be woken by stop(); null: nobody. Once this
  // returns, an older waker runs no more.
  class Waker {
   public:
    virtual ~Waker() = default;
    virtual void wake() = 0;
  };
  void set_waker(Waker* waker);

 private:
  struct Block;
  std::uint32_t stop_ = 0;
  bool cancellable_ = false;
  std::uint16_t run_ = 0;
  Block* blocks_ = nullptr;
  std::uint64_t allocated_ = 0;
  std::uint64_t output_limit_ = kDefaultOutputLimit;
  std::int64_t timeout_ns_ = 0;
  std::int64_t default_timeout_ns_ = 0;
  const std::atomic<bool>* closed_ = nullptr;
  CallSink* sink_ = nullptr;
  Waker* waker_ = nullptr;
  std::mutex waker_mutex_;
  std::string error_;
};

}  // namespace bulkhead::wire
