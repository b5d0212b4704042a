// A KJ event loop around one socket that any thread can drive, one at a time.
//
// KJ binds an event loop to a thread only while a WaitScope exists. So the loop travels: a thread
// takes the lock, enters, runs what can run without blocking, leaves. Blocking for the socket
// happens outside of the lock. A caller that waits for its own answer therefore reads it itself:
// no event thread stands between, and no wake-up is paid for one.
#pragma once

#include <kj/async.h>

#include <mutex>
#include <optional>
#include <thread>

#include "sdk/wire/stream.hpp"

namespace bulkhead::wire {

class Reactor final : private kj::EventPort {
 public:
  Reactor(UniqueFd socket, FrameLimits limits);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Guards everything that lives in the loop, and what its owner keeps beside it.
  std::mutex& mutex() { return mutex_; }
  GuardedStream& stream() { return stream_; }

  // Runs `work` inside the loop, then everything that is ready. The caller holds mutex(). An
  // exception of `work` goes to the caller.
  template <class Work>
  void turn(Work&& work) {
    if (std::optional<kj::WaitScope> scope; enter(scope)) {
      budget_ = kBudget;
      work();
      scope->poll();
      stream_.flush();
      return;
    }
    // This thread runs a KJ loop of its own (the application's): lend another thread's.
    std::exception_ptr failure;
    std::thread([&] {
      try {
        kj::WaitScope own(loop_);
        budget_ = kBudget;
        work();
        own.poll();
        stream_.flush();
      } catch (...) {
        failure = std::current_exception();
      }
    }).join();
    if (failure) std::rethrow_exception(failure);
  }
  // After an event of the socket: reads too.
  void turn() {
    turn([this] { stream_.note_readable(); });
  }

  // More frames may be waiting in memory or in the socket than one turn takes.
  bool exhausted() const { return budget_ == 0; }

 private:
  static constexpr unsigned kBudget = 64;

  bool enter(std::optional<kj::WaitScope>& scope);
  bool wait() override;
  bool poll() override;

  std::mutex mutex_;
  kj::EventLoop loop_;
  GuardedStream stream_;
  unsigned budget_ = kBudget;
};

}  // namespace bulkhead::wire
