// Ctrl-C, SIGTERM and SIGHUP: the first one cancels what runs, so that the command can clean up;
// the second one ends the program at once.
#pragma once

#include <bulkhead/host.hpp>

#include <signal.h>

#include <atomic>
#include <thread>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::cli {

class Interrupts {
 public:
  // Blocks the signals in this thread and in all that it starts from now on, so make it before
  // any other thread. A signal that the caller ignores (nohup) stays ignored.
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Cancelled by the first signal. A command may cancel it for a reason of its own, too.
  CancelSource& cancel() { return cancel_; }
  bool requested() const { return signal_.load() != 0; }
  // Throws a Failure with Exit::interrupted once a signal came.
  void check() const;
  // Readable once a signal came.
  int descriptor() const { return happened_.get(); }

 private:
  void watch();

  sigset_t signals_{};
  sigset_t before_{};
  wire::UniqueFd arrivals_;  // signalfd
  wire::UniqueFd happened_;  // eventfd
  wire::UniqueFd stop_;      // eventfd
  CancelSource cancel_;
  std::atomic<int> signal_{0};
  std::thread watcher_;
};

}  // namespace bulkhead::cli
