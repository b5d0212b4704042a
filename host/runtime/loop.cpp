#include "host/runtime/loop.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::host {
namespace {

constexpr std::uint64_t kWakeKey = 0;

void control(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  if (epoll_ctl(epoll, operation, fd, &event) != 0 && operation != EPOLL_CTL_DEL) {
    throw std::system_error(errno, std::generic_category(), "a descriptor can't be watched");
  }
}

// The application's signals are for the application's threads.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_ || !wake_) {
    throw std::system_error(errno, std::generic_category(), "the host's event loop can't be made");
  }
  control(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), EPOLLIN, kWakeKey);
  const BlockSignals blocked;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "bulkhead");
}

Loop::~Loop() { stop(); }

void Loop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void Loop::post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (first) wake();
}

void Loop::at(std::int64_t monotonic_ns, Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = timers_.empty() || monotonic_ns < timers_.begin()->first;
    timers_.emplace(monotonic_ns, std::move(task));
  }
  if (first) wake();
}

std::uint64_t Loop::watch(int fd, std::uint32_t events, Handler handler) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t key = next_key_++;
  control(epoll_.get(), EPOLL_CTL_ADD, fd, events, key);
  watches_[key] = {fd, std::make_shared<Handler>(std::move(handler))};
  return key;
}

void Loop::rearm(std::uint64_t key, std::uint32_t events) {
  const std::lock_guard lock(mutex_);
  const auto found = watches_.find(key);
  if (found != watches_.end()) {
    control(epoll_.get(), EPOLL_CTL_MOD, found->second.fd, events, key);
  }
}

void Loop::unwatch(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  const auto found = watches_.find(key);
  if (found == watches_.end()) return;
  control(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, 0, key);
  watches_.erase(found);
}

void Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

// Milliseconds until something is due; -1: nothing.
int Loop::timeout_locked() const {
  if (!tasks_.empty()) return 0;
  if (timers_.empty()) return -1;
  const std::int64_t left = timers_.begin()->first - wire::monotonic_now();
  return left <= 0 ? 0 : static_cast<int>(std::min<std::int64_t>(left / 1'000'000 + 1, 1 << 30));
}

void Loop::run_due(std::unique_lock<std::mutex>& lock) {
  std::vector<Task> due;
  due.swap(tasks_);
  const std::int64_t now = wire::monotonic_now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    due.push_back(std::move(timers_.begin()->second));
    timers_.erase(timers_.begin());
  }
  lock.unlock();
  for (Task& task : due) {
    task();
    task = nullptr;
  }
  lock.lock();
}

void Loop::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_ || !tasks_.empty()) {
    const int timeout = timeout_locked();
    lock.unlock();
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), timeout);
    lock.lock();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kWakeKey) {
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t size = read(wake_.get(), &ignored, sizeof ignored);
        continue;
      }
      const auto found = watches_.find(event.data.u64);
      if (found == watches_.end()) continue;
      const std::shared_ptr<Handler> handler = found->second.handler;
      lock.unlock();
      (*handler)(event.events);
      lock.lock();
    }
    run_due(lock);
  }
  timers_.clear();
  watches_.clear();
}

}  // namespace bulkhead::host
