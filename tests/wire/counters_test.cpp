#include <catch2/catch.hpp>

#include <memory>
#include <thread>
#include <vector>

#include "sdk/wire/counters.hpp"

TEST_CASE("no call is lost, however many threads count") {
  const auto counters = std::make_unique<bulkhead::wire::CallCounters>();
  constexpr unsigned kThreads = 100;  // more than there are slots with one writer
  constexpr unsigned kCalls = 1000;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (unsigned call = 0; call < kCalls; ++call) counters->count(call % 10 == 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counters->calls() == kThreads * kCalls);
  CHECK(counters->errors() == kThreads * kCalls / 10);
}
