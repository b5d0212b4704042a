// bulkhead/sdk/parallel.hpp: the items of one call on several threads, all joined before it
// returns.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <bulkhead/sdk/call.hpp>

namespace bulkhead::sdk {

// No call starts more threads than this, whatever its caller asks for.
constexpr unsigned kMostThreads = 64;

// Runs body(call, i) for each i below `count`, on at most `threads` threads (0 and 1: the calling
// one only; it always works too). Where the system gives fewer threads, fewer do the work.
// The first error, by index, ends it: it is thrown with the index in front of its text.
template <class Body>
void for_each_item(const Call& call, std::size_t count, unsigned threads, const Body& body) {
  constexpr std::size_t kNone = SIZE_MAX;
  std::atomic<std::size_t> next{0}, done{0}, failed{kNone};
  std::mutex mutex;
  std::exception_ptr error;

  // Items are handed out in order, so every item below a failed one is finished by someone.
  const auto work = [&](const Call& own, bool report) {
    for (;;) {
      const std::size_t i = next.fetch_add(1);
      if (i >= count || i > failed.load()) return;
      try {
        body(own, i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed.load()) {
          failed = i;
          error = std::current_exception();
        }
      }
      const std::size_t finished = done.fetch_add(1) + 1;
      if (report) call.progress(finished, count);
    }
  };

  {
    std::vector<std::jthread> others;
    const std::size_t wanted =
        std::min<std::size_t>({threads, kMostThreads, std::max<std::size_t>(count, 1)});
    others.reserve(wanted);
    // A call without a deadline of its own may get one at its first question: before the others
    // look for it.
    if (wanted > 1) (void)call.should_stop();
    for (std::size_t i = 1; i < wanted; ++i) {
      try {
        others.emplace_back([&] { work(call.for_thread(), false); });
      } catch (const std::system_error&) {
        break;
      }
    }
    work(call.for_part(), count > 1);
  }

  if (!error) return;
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    call.check();  // the call's own thread knows which of the two reasons it was
    throw;
  } catch (const PluginError& cause) {
    throw PluginError(cause.status(),
                      "Item " + std::to_string(failed.load()) + ": " + cause.what());
  }
}

}  // namespace bulkhead::sdk
