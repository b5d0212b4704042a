#include "host/runtime/workers.hpp"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <thread>

namespace bulkhead::host {

Workers::Workers(unsigned most, Full full)
    : most_(most), full_(full), shared_(std::make_shared<Shared>()) {}

Workers::~Workers() { stop(std::chrono::nanoseconds(0)); }

void Workers::serve(const std::shared_ptr<Shared>& shared) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);  // signals are for the application's threads
  std::unique_lock lock(shared->mutex);
  while (true) {
    ++shared->idle;
    shared->work.wait(lock, [&] { return !shared->tasks.empty() || shared->stopping; });
    --shared->idle;
    if (shared->tasks.empty()) break;
    std::function<void()> task = std::move(shared->tasks.front());
    shared->tasks.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
  --shared->threads;
  shared->ended.notify_all();
}

bool Workers::run(std::function<void()> task) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stopping) return false;
  const bool all_busy = shared_->idle <= shared_->tasks.size();
  const bool room = shared_->threads < most_ + shared_->given_up;
  if (all_busy && !room && full_ == Full::refuse) return false;
  if (all_busy && room) {
    try {
      std::thread([shared = shared_] { serve(shared); }).detach();
      ++shared_->threads;
    } catch (const std::system_error&) {
      if (full_ == Full::refuse || shared_->threads <= shared_->given_up) return false;
    }
  }
  shared_->tasks.push_back(std::move(task));
  shared_->work.notify_one();
  return true;
}

void Workers::give_up_one() {
  const std::lock_guard lock(shared_->mutex);
  ++shared_->given_up;
}

bool Workers::stop(std::chrono::nanoseconds patience) {
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->work.notify_all();
  return shared_->ended.wait_for(lock, patience, [&] { return shared_->threads == 0; });
}

}  // namespace bulkhead::host
