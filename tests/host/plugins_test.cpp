// Plugins that call other plugins: the caller and the called one each in process and in a cell,
// with the same results and the same words.
#include <bulkhead/command_client.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using nlohmann::json;

namespace {

using Words = std::vector<std::string>;

// A host in which every plugin but the caller runs in one way.
struct Asking : TestHost {
  explicit Asking(Isolation called, std::string_view more = {}) {
    policy("[isolation]\ndefault = \"" + std::string(isolation_name(called)) + "\"\n" +
           std::string(more));
  }
};

struct Ask {
  explicit Ask(TestHost& host, Isolation isolation, const char* plugin = "consults")
      : client(host.load(plugin, isolation).open()) {}
  std::string operator()(const Words& words, const CallOptions& call = {}) const {
    return client.run("ask", words, {}, call).output;
  }
  CommandClient client;
};

struct Ways {
  Isolation caller, called;
};
constexpr Ways kAll[] = {{Isolation::in_process, Isolation::in_process},
                         {Isolation::in_process, Isolation::cell},
                         {Isolation::cell, Isolation::in_process},
                         {Isolation::cell, Isolation::cell}};

std::string run_params(const std::string& name) { return json({{"name", name}}).dump(); }

// Does it in all four ways; it must fail, in the same words, and the caller must go on.
Failure failure_in_all(const std::function<void(const Ask&)>& act, std::string_view more = {}) {
  std::optional<Failure> first;
  for (const Ways& ways : kAll) {
    INFO(isolation_name(ways.caller) << " calls " << isolation_name(ways.called));
    Asking host(ways.called, more);
    const Ask ask(host, ways.caller);
    const Failure failure = failure_of([&] { act(ask); });
    CHECK(json::parse(ask({"null_codec", "info"}))["name"] == "null");
    if (!first) first = failure;
    CHECK(failure == *first);
  }
  CHECK_THAT(first->message, StartsWith("consults 1.0.0: run: "));
  return *first;
}

}  // namespace

TEST_CASE("a plugin calls another one: the same in all four ways") {
  const Ways ways = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  Asking host(ways.called);
  const Ask ask(host, ways.caller);
  const std::string codec = "bulkhead.codec/1", command = "bulkhead.command/1";
  CHECK(json::parse(ask({"null_codec", "info"}))["name"] == "null");
  // An instance stays open between calls: it counts.
  CHECK(json::parse(ask({"all_sides", "encode", "{}", codec}))["ids"] == json({1}));
  CHECK(json::parse(ask({"all_sides", "encode", "{}", codec}))["ids"] == json({2}));
  // Another instance of the caller has its own.
  const Ask other(host, ways.caller);
  CHECK(json::parse(other({"all_sides", "encode", "{}", codec}))["ids"] == json({1}));
  // And so has another configuration.
  const auto echo = [&](const Words& config) {
    Words words = {"echo_config", "decode", "{}", codec};
    words.insert(words.end(), config.begin(), config.end());
    return ask(words);
  };
  CHECK(echo({"name=one", "depth=7"}) != echo({"name=two"}));
  CHECK(echo({"name=one", "depth=7"}) == echo({"name=one", "depth=7"}));

  const std::string large(3'000'000, 'x');
  const json params = {{"name", "echo"}, {"input", large}};
  CHECK(json::parse(ask({"all_sides", "run", params.dump(), command}))["output"] == large);
}

TEST_CASE("a plugin that calls one that calls a third") {
  const Ways ways = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  Asking host(ways.called);
  const Ask ask(host, ways.caller, "consults_twice");
  const json inner = {{"name", "ask"},
                      {"arguments", {"all_sides", "encode", "{}", "bulkhead.codec/1"}}};
  const json answer = json::parse(ask({"consults", "run", inner.dump()}));
  CHECK(json::parse(answer["output"].get<std::string>())["ids"] == json({1}));
}

TEST_CASE("what goes wrong with another plugin is told in the same words in all four ways") {
  const Failure unknown = failure_in_all([](const Ask& ask) { ask({"all_side", "info"}); });
  CHECK(unknown.status == Status::permission_denied);
  CHECK_THAT(unknown.message,
             Contains("'all_side' is no dependency of consults 1.0.0; did you mean 'all_sides'?"));

  const Failure several = failure_in_all([](const Ask& ask) { ask({"all_sides", "info"}); });
  CHECK(several.status == Status::invalid_argument);
  CHECK_THAT(several.message, Contains("must say which interface") && Contains("all_sides 1.0.0"));

  const Failure method = failure_in_all([](const Ask& ask) { ask({"null_codec", "no_such"}); });
  CHECK_THAT(method.message, Contains("null_codec") && Contains("no_such"));

  const Failure no_json = failure_in_all([](const Ask& ask) { ask({"null_codec", "info", "{"}); });
  CHECK(no_json.status == Status::invalid_argument);

  const Failure refused = failure_in_all([](const Ask& ask) {
    ask({"all_sides", "restore", R"({"version": 9})", "bulkhead.state/1"});
  });
  CHECK(refused.status == Status::version_mismatch);
  CHECK_THAT(refused.message, Contains("all_sides 1.0.0: restore: the newest format here is 4"));

  const Failure config = failure_in_all([](const Ask& ask) {
    ask({"echo_config", "info", "{}", "", "depth=11"});
  });
  CHECK(config.status == Status::invalid_argument);
  CHECK_THAT(config.message, Contains("depth"));
}

TEST_CASE("the limits of the called plugin hold") {
  const Failure large = failure_in_all(
      [](const Ask& ask) {
        const json params = {{"name", "echo"}, {"input", std::string(3'000'000, 'x')}};
        ask({"all_sides", "run", params.dump(), "bulkhead.command/1"});
      },
      "[[rule]]\nmatch = \"all_sides\"\n[rule.limits]\noutput = \"1 MiB\"\n");
  CHECK(large.status == Status::out_of_memory);

  const Failure many = failure_in_all([](const Ask& ask) {
    ask({"null_codec", "info"});
    for (int i = 0; i < 15; ++i)
      ask({"echo_config", "info", "{}", "", "name=n" + std::to_string(i)});
    ask({"echo_config", "info", "{}", "", "name=one more"});
  });
  CHECK(many.status == Status::resource_exhausted);
  CHECK_THAT(many.message, Contains("uses 16 configurations of other plugins already"));
}

TEST_CASE("cancellation and deadline of the caller's call are the other's, too") {
  const Words wait = {"all_sides", "run", run_params("wait"), "bulkhead.command/1"};
  const Failure cancelled = failure_in_all([&](const Ask& ask) {
    CancelSource cancel;
    CallOptions call;
    call.cancel = &cancel;
    call.progress = [&](std::uint64_t, std::uint64_t) { cancel.cancel(); };
    ask(wait, call);
  });
  CHECK(cancelled.status == Status::cancelled);
  const Failure late = failure_in_all([&](const Ask& ask) {
    CallOptions call;
    call.timeout = 50ms;
    ask(wait, call);
  });
  CHECK(late.status == Status::deadline_exceeded);
}

TEST_CASE("a crash of the called plugin is an error of that call, and the caller goes on") {
  const Isolation caller = GENERATE(Isolation::in_process, Isolation::cell);
  Asking host(Isolation::cell);
  const Ask ask(host, caller);
  const Words die = {"all_sides", "run", run_params("die"), "bulkhead.command/1"};
  const Failure crash = failure_of([&] { ask(die); });
  CHECK(crash.status == Status::unavailable);
  CHECK_THAT(crash.message, StartsWith("consults 1.0.0: run: ") && Contains("all_sides 1.0.0"));
  CHECK(json::parse(ask({"all_sides", "run", run_params("echo"), "bulkhead.command/1"})).size() >
        0);
}

TEST_CASE("a host that closes ends calls from plugin to plugin") {
  const Ways ways = GENERATE(from_range(std::begin(kAll), std::end(kAll)));
  Asking host(ways.called);
  std::optional<Ask> ask(std::in_place, host, ways.caller);
  std::atomic<bool> under_way{false};
  std::optional<Failure> failure;
  std::thread calling([&] {
    CallOptions call;
    call.progress = [&](std::uint64_t, std::uint64_t) { under_way = true; };
    failure = failure_of([&] {
      (*ask)({"all_sides", "run", run_params("wait"), "bulkhead.command/1"}, call);
    });
  });
  CHECK(eventually([&] { return under_way.load(); }));
  host.host().close();
  calling.join();
  REQUIRE(failure);
  CHECK((failure->status == Status::unavailable || failure->status == Status::cancelled));
  ask.reset();
}

TEST_CASE_METHOD(TestHost, "dependencies that can't be had are told before anything is started") {
  const auto package = [&](const std::string& id, const std::string& needs) {
    folder().write("broken/" + id + "/plugin.toml",
                   "manifest = 1\n[plugin]\nid = \"" + id +
                       "\"\nversion = \"1.2.0\"\nkind = \"codec\"\n[runtime]\ntype = \"library\"\n"
                       "entry = \"lib.so\"\n[interfaces]\noffers = [\"bulkhead.codec/1\"]\n"
                       "[dependencies]\n" +
                       needs + "\n");
    folder().write("broken/" + id + "/lib.so", "no library");
  };
  package("missing", "no_such_plugin = \"^1\"");
  package("newer", "null_codec = \"^7\"");
  package("near", "nul_codec = \"*\"");
  package("circle_a", "circle_b = \"^1\"");
  package("circle_b", "circle_c = \"^1\"");
  package("circle_c", "null_codec = \"*\"\ncircle_a = \">=1\"");
  package("into_circle", "circle_b = \"*\"");
  for (int i = 0; i < 17; ++i)
    package("deep_" + std::to_string(i), "deep_" + std::to_string(i + 1) + " = \"*\"");
  package("deep_17", "");
  plugins(folder().path() / "broken");
  const auto refused = [&](const char* id) {
    return failure_of([&] { load(id, Isolation::cell); });
  };

  const Failure missing = refused("missing");
  CHECK(missing.status == Status::not_found);
  CHECK_THAT(missing.message, StartsWith("missing 1.2.0: a plugin that it depends on is missing: "
                                         "no plugin 'no_such_plugin' (looked in "));
  const Failure newer = refused("newer");
  CHECK(newer.status == Status::not_found);
  CHECK_THAT(newer.message, Contains("no plugin 'null_codec' in the range ^7; there is version"));
  CHECK_THAT(refused("near").message, Contains("did you mean 'null_codec'?"));

  const Failure circle = refused("circle_a");
  CHECK(circle.status == Status::data_invalid);
  CHECK_THAT(circle.message,
             StartsWith("circle_a 1.2.0: plugins depend on each other: circle_a 1.2.0 needs "
                        "circle_b 1.2.0 needs circle_c 1.2.0 needs circle_a 1.2.0. "));
  CHECK_THAT(refused("into_circle").message,
             StartsWith("into_circle 1.2.0: plugins depend on each other: circle_b 1.2.0 needs "
                        "circle_c 1.2.0 needs circle_a 1.2.0 needs circle_b 1.2.0. "));
  CHECK_THAT(refused("deep_0").message, Contains("go more than 16 plugins deep"));
  // Deep enough, but then it is tried: the last one is no library.
  CHECK_THAT(refused("deep_2").message, Contains("deep_17 1.2.0"));
}
