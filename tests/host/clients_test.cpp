// The clients for commands, events and states, in both modes: results, errors in the same words,
// and calls that are cancelled, late, or end with the plugin.
#include <bulkhead/command_client.hpp>
#include <bulkhead/events_client.hpp>
#include <bulkhead/state_client.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// Calls of one kind that do what a word says: "wait", "die".
struct Side {
  std::string name;
  std::function<void(Instance, const std::string&, const CallOptions&)> act;
};

const std::vector<Side>& sides() {
  static const std::vector<Side> all = {
      {"command", [](Instance instance, const std::string& word,
                     const CallOptions& call) { CommandClient(instance).run(word, {}, {}, call); }},
      {"event",
       [](Instance instance, const std::string& word, const CallOptions& call) {
         EventsClient(instance).handle({.event = word}, call);
       }},
      {"restore",
       [](Instance instance, const std::string& word, const CallOptions& call) {
         StateClient(instance).restore({1, word}, call);
       }},
      {"save",
       [](Instance instance, const std::string& word, const CallOptions& call) {
         const StateClient state(instance);
         state.restore({1, "save " + word});
         state.save(call);
       }},
  };
  return all;
}

struct Clients : TestHost {
  Instance open(Isolation isolation) { return load("all_sides", isolation).open(); }
  // Does it in both modes; it must fail, in the same words, and the plugin must go on.
  Failure failure_in_both(const std::function<void(Instance)>& act) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const Instance instance = open(isolation);
      const Failure failure = failure_of([&] { act(instance); });
      CHECK(CommandClient(instance).run("echo").exit_code == 0);
      return failure;
    });
    CHECK(here == there);
    CHECK_THAT(here.message, Contains("all_sides 1.0.0"));
    return here;
  }
};

struct ClientsBothModes : BothModes {
  Instance instance = load("all_sides").open();
};

}  // namespace

TEST_CASE_METHOD(ClientsBothModes,
                 "a command gets arguments and input, and its output comes back") {
  const CommandClient client(instance);
  const std::vector<CommandInfo> expected = {{"echo", "Says what it was given", "echo ARGUMENTS"},
                                             {"wait", "Waits", ""}};
  CHECK(client.list() == expected);
  const std::vector<std::string> arguments = {"one", "", "three and a half"};
  CHECK(client.run("echo", arguments, {"input", true}) ==
        CommandOutput{0, "one\n\nthree and a half\ninput", "a terminal"});
  CHECK(client.run("echo") == CommandOutput{0, "", "no terminal"});
  // A command that ends with another code is no error of the call.
  CHECK(client.run("fail") == CommandOutput{3, "so far", "no further"});
  const std::string large(5'000'000, '\0');
  CHECK(client.run("echo", {}, {large, false}).output == large);
}

TEST_CASE_METHOD(ClientsBothModes, "an event arrives with its fields, and a reaction comes back") {
  const EventsClient client(instance);
  const std::vector<EventSubscription> expected = {{"step.*", 7, true}, {"end", 500, false}};
  const auto list = client.subscriptions();
  CHECK(list == expected);
  CHECK(list[0].matches("step.end"));
  CHECK(list[0].matches("step."));
  CHECK_FALSE(list[0].matches("step"));
  CHECK(list[1].matches("end"));
  CHECK_FALSE(list[1].matches("end."));

  const Config fields = {{"flag", true},
                         {"loss", -0.125},
                         {"step", std::int64_t{-9'000'000'000}},
                         {"text", std::string("Grüße")}};
  Config changed = fields;
  changed["id"] = std::int64_t{17};
  changed["source"] = std::string("trainer");
  CHECK(client.handle({17, "step.end", "trainer", fields}) == EventReaction{false, changed});
  CHECK(client.handle({.event = "veto"}).veto);
}

TEST_CASE_METHOD(ClientsBothModes, "a state moves from one instance to another") {
  CommandClient(instance).run("echo");
  CommandClient(instance).run("echo");
  const SavedState state = StateClient(instance).save();
  CHECK(state == SavedState{4, "2"});
  Instance other = load("all_sides").open();
  StateClient(other).restore(state);
  CHECK(StateClient(other).save() == state);
}

TEST_CASE_METHOD(Clients, "errors are the same in both modes, word for word") {
  const Failure unknown =
      failure_in_both([](Instance instance) { CommandClient(instance).run("no-such"); });
  CHECK(unknown.status == Status::not_found);
  CHECK_THAT(unknown.message, Contains("there is no such command"));

  const Failure future = failure_in_both([](Instance instance) {
    StateClient(instance).restore({5, "1"});
  });
  CHECK(future.status == Status::version_mismatch);
  const Failure broken = failure_in_both([](Instance instance) {
    StateClient(instance).restore({4, "four"});
  });
  CHECK(broken.status == Status::data_invalid);
}

TEST_CASE_METHOD(Clients, "an answer that the interface does not allow is refused") {
  const Failure code =
      failure_in_both([](Instance instance) { CommandClient(instance).run("wrong"); });
  CHECK(code.status == Status::protocol_error);
  CHECK_THAT(code.message, Contains("the exit code 126 is not one of 0 to 125"));

  const Failure name = failure_in_both([](Instance instance) {
    EventsClient(instance).handle({.event = "become wrong"});
    CommandClient(instance).list();
  });
  CHECK(name.status == Status::protocol_error);
  CHECK_THAT(name.message, Contains("command 0 has a name that is none"));

  const Failure priority = failure_in_both([](Instance instance) {
    EventsClient(instance).handle({.event = "become wrong"});
    EventsClient(instance).subscriptions();
  });
  CHECK(priority.status == Status::protocol_error);
  CHECK_THAT(priority.message, Contains("priority above 999"));
}

TEST_CASE_METHOD(Clients, "a plugin of another kind is refused by each client") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    const Instance codec = load("null_codec", isolation).open();
    return std::vector<Failure>{failure_of([&] { CommandClient{codec}; }),
                                failure_of([&] { EventsClient{codec}; }),
                                failure_of([&] { StateClient{codec}; })};
  });
  CHECK(here == there);
  for (const Failure& failure : here) CHECK(failure.status == Status::unsupported);
  CHECK_THAT(here[0].message, Contains(BH_COMMAND_1));
  CHECK_THAT(here[1].message, Contains(BH_EVENTS_1));
  CHECK_THAT(here[2].message, Contains(BH_STATE_1));
}

TEST_CASE_METHOD(Clients, "each method can be cancelled, before and in the middle") {
  for (const Side& side : sides()) {
    INFO(side.name);
    const Failure before = failure_in_both([&](Instance instance) {
      CancelSource cancel;
      cancel.cancel();
      CallOptions call;
      call.cancel = &cancel;
      side.act(instance, "wait", call);
    });
    CHECK(before.status == Status::cancelled);
    const Failure middle = failure_in_both([&](Instance instance) {
      CancelSource cancel;
      CallOptions call;
      call.cancel = &cancel;
      call.progress = [&](std::uint64_t, std::uint64_t) { cancel.cancel(); };
      side.act(instance, "wait", call);
    });
    CHECK(middle.status == Status::cancelled);
  }
}

TEST_CASE_METHOD(Clients, "each method ends at its deadline") {
  for (const Side& side : sides()) {
    INFO(side.name);
    const Failure late = failure_in_both([&](Instance instance) {
      CallOptions call;
      call.timeout = 30ms;
      side.act(instance, "wait", call);
    });
    CHECK(late.status == Status::deadline_exceeded);
  }
}

TEST_CASE_METHOD(TestHost, "a crash in a call is an error of that call, and the next one works") {
  for (const Side& side : sides()) {
    INFO(side.name);
    const Instance instance = load("all_sides", Isolation::cell).open();
    const Failure crash = failure_of([&] { side.act(instance, "die", {}); });
    CHECK(crash.status == Status::plugin_crashed);
    CHECK(CommandClient(instance).run("echo").exit_code == 0);
  }
}
