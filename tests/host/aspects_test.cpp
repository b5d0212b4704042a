// State and events: small interfaces that any plugin may offer beside its kind. Both modes.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

json ask(Instance& instance, const char* interface, const char* method, const json& params) {
  return json::parse(instance.call_json(interface, method, params.dump()));
}

}  // namespace

TEST_CASE_METHOD(BothModes, "a state moves from one instance to another") {
  Instance first = load("counter", isolation()).open();
  Instance second = load("counter", isolation()).open();
  json state = ask(first, "bulkhead.state/1", "save", json::object());
  CHECK(state == json({{"version", 2}, {"bytes", "n=0"}}));
  for (int i = 1; i <= 3; ++i) {
    ask(second, "bulkhead.state/1", "restore", state);
    state = ask(second, "bulkhead.state/1", "save", json::object());
    CHECK(state["bytes"] == "n=" + std::to_string(i));
  }
  CHECK(ask(first, "bulkhead.state/1", "save", json::object())["bytes"] == "n=0");
}

TEST_CASE_METHOD(BothModes, "a state of the future or a broken one changes nothing") {
  Instance counter = load("counter", isolation()).open();
  ask(counter, "bulkhead.state/1", "restore", {{"version", 1}, {"bytes", "n=6"}});
  const Failure future = failure_of([&] {
    ask(counter, "bulkhead.state/1", "restore", {{"version", 3}, {"bytes", "n=1"}});
  });
  CHECK(future.status == Status::version_mismatch);
  CHECK_THAT(future.message, Contains("counter 1.0.0: restore: This plugin reads states up to"));
  const Failure broken = failure_of([&] {
    ask(counter, "bulkhead.state/1", "restore", {{"version", 2}, {"bytes", "?"}});
  });
  CHECK(broken.status == Status::data_invalid);
  CHECK(ask(counter, "bulkhead.state/1", "save", json::object())["bytes"] == "n=7");
}

TEST_CASE_METHOD(BothModes, "a listener says what it listens to, and reacts") {
  Instance watcher = load("watcher", isolation()).open();
  const json list = ask(watcher, "bulkhead.events/1", "subscriptions", json::object());
  REQUIRE(list["subscriptions"].size() == 2);
  CHECK(list["subscriptions"][0] == json({{"event", "step.*"}, {"priority", 10}, {"blocking", 1}}));
  CHECK(list["subscriptions"][1]["priority"] == 500);

  const json event = {{"id", 7},
                      {"event", "step.end"},
                      {"source", "trainer"},
                      {"fields",
                       {{{"key", "loss"}, {"type", 3}, {"number", 0.25}},
                        {{"key", "name"}, {"type", 4}, {"text", "run"}},
                        {{"key", "step"}, {"type", 2}, {"integer", 21}},
                        {{"key", "stop"}, {"type", 1}, {"integer", 1}}}}};
  const json reaction = ask(watcher, "bulkhead.events/1", "handle", event);
  CHECK(reaction["veto"] == 1);
  REQUIRE(reaction["changed"].size() == 3);
  CHECK(reaction["changed"][0]["key"] == "loss");
  CHECK(reaction["changed"][0]["number"] == 0.5);
  CHECK(reaction["changed"][1]["text"] == "run of trainer");
  CHECK(reaction["changed"][2]["integer"] == 42);
}

TEST_CASE_METHOD(BothModes, "an event that a listener can't handle is its error") {
  Instance watcher = load("watcher", isolation()).open();
  const Failure failure = failure_of([&] {
    ask(watcher, "bulkhead.events/1", "handle", {{"event", "failure"}});
  });
  CHECK(failure.status == Status::internal);
  CHECK_THAT(failure.message, Contains("handle: no nerves for failures"));
  const Failure unknown = failure_of([&] {
    ask(watcher, "bulkhead.events/1", "handle",
        {{"event", "step.end"}, {"fields", {{{"key", "x"}, {"type", 9}}}}});
  });
  CHECK(unknown.status == Status::invalid_argument);
}

TEST_CASE_METHOD(BothModes, "an interface that a plugin lacks is a clear error") {
  Instance watcher = load("watcher", isolation()).open();
  CHECK(watcher.interface("bulkhead.state/1") == nullptr);
  CHECK(failure_of([&] { ask(watcher, "bulkhead.state/1", "save", json::object()); }).status !=
        Status::ok);
}

TEST_CASE_METHOD(BothModes, "a handle that travels as JSON carries the run of its plugin, too") {
  Instance codec = load("null_codec", isolation()).open();
  const json opened = ask(codec, "bulkhead.codec/1", "stream_open", json::object());
  const auto handle = opened["stream"].get<std::uint64_t>();
  CHECK(handle >> 48 == 1);
  CHECK_NOTHROW(ask(codec, "bulkhead.codec/1", "stream_push", {{"stream", handle}}));
  const std::uint64_t other_run = (handle & ((std::uint64_t{1} << 48) - 1)) | std::uint64_t{2}
                                                                                  << 48;
  CHECK(failure_of([&] {
          ask(codec, "bulkhead.codec/1", "stream_push", {{"stream", other_run}});
        }).status == Status::not_found);
  CHECK_NOTHROW(ask(codec, "bulkhead.codec/1", "stream_close", {{"stream", handle}}));
}
