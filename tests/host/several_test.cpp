// A plugin that offers several interfaces of one object: one instance, one state, in both modes.
#include <bulkhead/command_client.hpp>
#include <bulkhead/events_client.hpp>
#include <bulkhead/state_client.hpp>

#include <atomic>
#include <thread>
#include <vector>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;

TEST_CASE_METHOD(BothModes, "the interfaces of an instance share its object") {
  Plugin plugin = load("all_sides");
  CHECK(plugin.info().interfaces.size() == 4);
  const Instance instance = plugin.open(), other = plugin.open();
  for (const char* name : {BH_CODEC_1, BH_COMMAND_1, BH_EVENTS_1, BH_STATE_1})
    CHECK(instance.interface(name) != nullptr);
  CHECK(instance.interface("bulkhead.trainer/1-draft") == nullptr);

  // Each counts; each sees what the others counted.
  CHECK(CodecClient(instance).encode("a") == std::vector<std::uint32_t>{1});
  CommandClient(instance).run("echo");
  EventsClient(instance).handle({.event = "step.end"});
  CHECK(StateClient(instance).save().bytes == "3");
  CHECK(CodecClient(instance).decode({}) == "3");
  CHECK(CodecClient(instance).encode("a") == std::vector<std::uint32_t>{4});
  // Another instance is another object.
  CHECK(StateClient(other).save().bytes == "0");
  StateClient(other).restore({1, "40"});
  CHECK(CodecClient(other).encode("a") == std::vector<std::uint32_t>{41});
  CHECK(StateClient(instance).save().bytes == "4");
}

TEST_CASE_METHOD(BothModes, "interfaces of one object are called side by side") {
  const Instance instance = load("all_sides").open();
  constexpr int kTimes = 50;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      try {
        for (int n = 0; n < kTimes; ++n) {
          if (i % 2 == 0) CodecClient(instance).encode("a");
          if (i % 2 == 1) CommandClient(instance).run("echo");
        }
      } catch (const Error&) {
        ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(StateClient(instance).save().bytes == std::to_string(4 * kTimes));
}
