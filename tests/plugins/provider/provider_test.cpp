// The provider kind through the host, in process and in a cell: every method, and what goes wrong.
#include <future>
#include <thread>
#include <catch2/catch.hpp>
#include <bulkhead/provider_client.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct Modes : BothModes {
  Modes() { plugins(PROVIDER_PLUGINS); }
  ProviderClient open(const char* id = "paper") { return ProviderClient(load(id).open()); }
};
struct Either : TestHost {
  Either() { plugins(PROVIDER_PLUGINS); }
  ProviderClient open(Isolation isolation) {
    return ProviderClient(load("paper", isolation).open());
  }
  // The same failure in both, word for word.
  void compare(const std::function<void(const ProviderClient&)>& call, Status status,
               const std::string& words) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const ProviderClient provider = open(isolation);
      return failure_of([&] { call(provider); });
    });
    INFO(here << "\n" << there);
    CHECK(here == there);
    CHECK(here.status == status);
    CHECK_THAT(here.message, Contains(words));
  }
};

JobSpec rich() {
  return {.name = "n\xc3\xa4me",
          .tag = "mine",
          .image = "debian:12",
          .arguments = {"print", "", "two words"},
          .environment = {{"EMPTY", ""}, {"PATH", "/usr/bin:/bin"}},
          .gpu = "H200",
          .gpu_count = 2,
          .gpu_memory = std::uint64_t{1} << 37,
          .cpus = 3,
          .memory = std::uint64_t{1} << 40,
          .timeout = 90s};
}

TEST_CASE_METHOD(Modes, "every method of a provider works") {
  const ProviderClient provider = open();
  CHECK(provider.info().name == "paper");
  CHECK(provider.info().description == "jobs on paper");

  const JobQuote quote = provider.quote(rich());
  CHECK(quote.available);
  CHECK(quote.micros_per_hour == 3000);
  CHECK(quote.currency == "EUR");
  CHECK(quote.quoted_at == 1700000000);
  CHECK(quote.valid_until == 1700003600);
  CHECK(quote.note == "H200");

  const std::string handle = provider.submit("one-1", rich());
  CHECK(handle == std::string("v1:\0one-1", 9));  // any bytes
  CHECK(provider.submit("one-1", {}) == handle);
  CHECK(provider.find("one-1") == handle);
  CHECK(provider.recover(handle) == handle);

  const JobStatus status = provider.status(handle);
  CHECK(status.state == JobState::succeeded);
  CHECK(!status.running());
  CHECK(status.reason == JobReason::none);
  CHECK(status.exit_code == 0);
  CHECK(status.started_at == 5);
  CHECK(status.ended_at == 7);
  CHECK(status.micros_spent == 11);
  CHECK(status.message == "on paper");

  const JobLog log = provider.logs(handle);
  CHECK(log.bytes ==
        "n\xc3\xa4me|debian:12|H200|2|137438953472|3|1099511627776|90000000000|"
        "[print][][two words]{EMPTY=}{PATH=/usr/bin:/bin}");
  CHECK(log.next == log.bytes.size());
  CHECK(log.ended);
  const JobLog part = provider.logs(handle, 6, 0s, 9);
  CHECK(part.bytes == "debian:12");
  CHECK(part.next == 15);
  CHECK(!part.ended);

  CHECK(provider.list_owned("mine") ==
        std::vector<OwnedJob>{{"one-1", handle, JobState::succeeded}});
  CHECK(provider.list_owned("").empty());
  CHECK(provider.destroy(handle));
  CHECK(provider.destroy(handle));
  CHECK(failure_of([&] { provider.find("one-1"); }).status == Status::not_found);
  CHECK(provider.list_owned("mine").empty());
}

TEST_CASE_METHOD(Modes, "a job that runs is watched and stopped") {
  const ProviderClient provider = open();
  const std::string handle = provider.submit("run", {.arguments = {"run"}});
  CHECK(provider.status(handle).running());
  const std::uint64_t read = provider.logs(handle).next;
  const JobLog nothing = provider.logs(handle, read, 1ms);
  CHECK(nothing.bytes.empty());
  CHECK(nothing.next == read);
  CHECK(!nothing.ended);
  std::thread other([&] { provider.stop(handle, 3s); });
  const JobLog more = provider.logs(handle, read, 60s);
  other.join();
  CHECK(more.bytes == "stopped, grace 3000000000");
  CHECK(more.ended);
  const JobStatus status = provider.status(handle);
  CHECK(status.state == JobState::failed);
  CHECK(status.reason == JobReason::stopped);
  CHECK(status.exit_code == 143);
  provider.stop(handle, 0s);  // once more is fine
}

TEST_CASE_METHOD(Modes, "health is a stream: a reader waits for what changed") {
  const ProviderClient provider = open();
  const ProviderHealth first = provider.health();
  CHECK(first.healthy);
  CHECK(first.message == "0 jobs");
  CHECK(provider.health(first.number, 20ms).number == first.number);
  auto other = std::async(std::launch::async, [&] {
    provider.submit("a", {});
    provider.submit("b", {});
  });
  ProviderHealth seen = first;
  while (seen.healthy) {
    const ProviderHealth next = provider.health(seen.number, 60s);
    REQUIRE(next.number > seen.number);
    seen = next;
  }
  other.get();
  CHECK(seen.message == "2 jobs");
}

TEST_CASE_METHOD(Either, "errors are the same in both modes, word for word") {
  using P = const ProviderClient&;
  const std::string long_handle(4097, 'x');
  const auto job = [](std::vector<std::string> arguments) {
    JobSpec spec;
    spec.arguments = std::move(arguments);
    return spec;
  };
  compare([](P p) { p.quote({.cpus = 65}); }, Status::unsupported, "quote: Paper has 64 CPUs");
  compare([](P p) { p.find("none"); }, Status::not_found, "find: Nothing on paper");
  compare([](P p) { p.status("none"); }, Status::not_found, "status: Nothing on paper");
  compare([](P p) { p.logs("none"); }, Status::not_found, "logs: Nothing on paper");
  compare([](P p) { p.stop("none", 1s); }, Status::not_found, "stop: Nothing on paper");
  compare([](P p) { p.recover("none"); }, Status::not_found, "recover: Nothing on paper");
  compare([](P p) { p.recover("v9:x"); }, Status::version_mismatch, "A later paper");
  for (const char* intent : {"", "Upper", "under_score", "new\nline"}) {
    compare([&](P p) { p.submit(intent, {}); }, Status::invalid_argument, "An intent is 1 to 64");
    compare([&](P p) { p.find(intent); }, Status::invalid_argument, "An intent is 1 to 64");
  }
  compare([](P p) { p.find(std::string(65, 'x')); }, Status::invalid_argument, "An intent is");
  for (const std::string& handle : {std::string(), long_handle}) {
    compare([&](P p) { p.status(handle); }, Status::data_invalid, "1 to 4096 bytes");
    compare([&](P p) { p.recover(handle); }, Status::data_invalid, "1 to 4096 bytes");
    compare([&](P p) { p.destroy(handle); }, Status::data_invalid, "1 to 4096 bytes");
    compare([&](P p) { p.stop(handle, 0s); }, Status::data_invalid, "1 to 4096 bytes");
    compare([&](P p) { p.logs(handle); }, Status::data_invalid, "1 to 4096 bytes");
  }
  compare([](P p) { p.stop("x", -1s); }, Status::invalid_argument, "grace time is negative");
  compare([](P p) { p.logs("x", 0, -1s); }, Status::invalid_argument, "log is negative");
  compare([](P p) { p.health(0, -1s); }, Status::invalid_argument, "report is negative");
  compare([](P p) { p.submit("a", {.timeout = -1s}); }, Status::invalid_argument,
          "timeout is negative");
  compare([](P p) { p.quote({.environment = {{"A=B", ""}}}); }, Status::invalid_argument, "A=B");
  compare([](P p) { p.quote({.environment = {{"", "x"}}}); }, Status::invalid_argument, "a name");
  compare(
      [](P p) {
        p.quote({.environment = {{"A", "1"}, {"A", "2"}}});
      },
      Status::invalid_argument, "once");
  compare([&](P p) { p.submit("a", job({"handle", "0"})); }, Status::internal, "a handle of 0");
  compare([&](P p) { p.submit("a", job({"handle", "4097"})); }, Status::internal, "handle of 4097");
  for (const Status status : {Status::unavailable, Status::overloaded, Status::permission_denied,
                              Status::resource_exhausted}) {
    const std::string number = std::to_string(static_cast<int>(status));
    compare([&](P p) { p.submit("a", job({"throw", number})); }, status, "As the job says.");
  }
}

TEST_CASE_METHOD(Modes, "inputs are empty, and big") {
  const ProviderClient provider = open();
  CHECK(provider.logs(provider.submit("empty", {})).bytes == "|||0|0|0|0|0|");
  CHECK(provider.logs(provider.submit("none", {.arguments = {"big", "0"}})).bytes.empty());
  const std::string widest = provider.submit("widest", {.arguments = {"handle", "4096"}});
  CHECK(widest == std::string(4096, '\xff'));
  CHECK(provider.status(widest).state == JobState::succeeded);
  const std::string handle = provider.submit("big", {.arguments = {"big", "20000000"}});
  CHECK(provider.logs(handle).bytes == std::string(20'000'000, 'x'));
  JobSpec many;
  for (int i = 0; i < 20'000; ++i) many.arguments.push_back(std::to_string(i));
  many.arguments.push_back(std::string(1'000'000, 'y'));
  const std::string text = provider.logs(provider.submit("many", many)).bytes;
  CHECK_THAT(text, Contains("[0][1][2]"));
  CHECK_THAT(text, Contains("[19999][yyy"));
  const std::string all = provider.list_owned("").back().intent;
  CHECK(all == "widest");
}

TEST_CASE_METHOD(Modes, "calls of a provider are cancelled, and end at their deadline") {
  const ProviderClient provider = open();
  CancelSource cancel;
  CallOptions call;
  call.cancel = &cancel;
  call.progress = [&](std::uint64_t done, std::uint64_t) {
    if (done == 1) cancel.cancel();
  };
  CHECK(failure_of([&] { provider.submit("x", {.arguments = {"wait"}}, call); }).status ==
        Status::cancelled);
  CallOptions late;
  late.timeout = 50ms;
  const auto in_time = [&](const std::function<void()>& body) {
    CHECK(failure_of(body).status == Status::deadline_exceeded);
  };
  in_time([&] { provider.quote({.arguments = {"wait"}}, late); });
  const std::string handle = provider.submit("run", {.arguments = {"run"}});
  const std::uint64_t read = provider.logs(handle).next;
  in_time([&] { provider.logs(handle, read, 1h, 0, late); });
  in_time([&] { provider.health(provider.health().number, 1h, late); });
  CHECK(provider.status(handle).running());
}

TEST_CASE_METHOD(Either, "a provider that crashes in a call is unavailable, then back") {
  const ProviderClient provider = open(Isolation::cell);
  provider.submit("before", {});
  const Failure failure = failure_of([&] { provider.submit("x", {.arguments = {"die"}}); });
  INFO(failure);
  CHECK(failure.status == Status::plugin_crashed);
  // What to do after it: ask. Paper forgot its jobs; a provider that does not would know them.
  CHECK(eventually([&] {
    try {
      provider.find("before");
    } catch (const Error& error) {
      return error.status() == Status::not_found;
    }
    return false;
  }));
}

TEST_CASE_METHOD(Modes, "an answer that breaks the contract of a provider is refused") {
  const ProviderClient liar = open("liar");
  const auto broken = [&](const std::function<void()>& call, const char* how) {
    const Failure failure = failure_of(call);
    INFO(failure);
    CHECK(failure.status == Status::protocol_error);
    CHECK_THAT(failure.message, Contains(how));
  };
  broken([&] { liar.find("long"); }, "find: the plugin answered with a handle of 4097 bytes");
  broken([&] { liar.find("empty"); }, "a handle of 0 bytes");
  broken([&] { liar.status("state"); }, "job state 99");
  broken([&] { liar.status("zero"); }, "job state 0");
  broken([&] { liar.status("reason"); }, "reason 77");
  broken([&] { liar.logs("backwards", 10); }, "position 9 after position 10");
  broken([&] { liar.logs("still", 10); }, "position 10 after position 10");
  broken([&] { liar.logs("more", 10, 0s, 99); }, "100 bytes where 99");
  CHECK(liar.logs("more", 10, 0s, 100).next == 110);
  broken([&] { liar.list_owned(""); }, "a handle of 0 bytes");
  CHECK(liar.info().name.empty());
}

TEST_CASE_METHOD(Modes, "a plugin of another kind is no provider") {
  const Failure failure = failure_of([&] { ProviderClient(load("throws").open()); });
  CHECK(failure.status == Status::unsupported);
  CHECK_THAT(failure.message, Contains("no provider"));
}

}  // namespace
