// The host's one background thread: it watches descriptors, runs timers, and runs what must not run
// on a caller's thread (completions of asynchronous calls, log lines). It sleeps when nothing is
// due.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::host {

class Loop {
 public:
  using Task = std::function<void()>;
  // The events of epoll that occurred.
  using Handler = std::function<void(std::uint32_t)>;

  Loop();
  ~Loop();  // stop()
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // All [any-thread]; everything given runs on the loop's thread, in order of its post or time.
  void post(Task task);
  void at(std::int64_t monotonic_ns, Task task);
  // Watches a descriptor until unwatch, which comes before the descriptor is closed. The returned
  // key names the watch. A handler that runs at that moment ends on its own: let it hold weak
  // references. `events` may have EPOLLONESHOT; then rearm watches once more.
  std::uint64_t watch(int fd, std::uint32_t events, Handler handler);
  void rearm(std::uint64_t key, std::uint32_t events);
  void unwatch(std::uint64_t key);
  // Runs what was posted, drops timers and watches, and ends the thread. Not from the loop itself.
  void stop();
  bool on_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  struct Watch {
    int fd;
    std::shared_ptr<Handler> handler;
  };

  void run();
  void wake();
  int timeout_locked() const;
  void run_due(std::unique_lock<std::mutex>& lock);

  wire::UniqueFd epoll_, wake_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  std::multimap<std::int64_t, Task> timers_;
  std::map<std::uint64_t, Watch> watches_;
  std::uint64_t next_key_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::host
