// Plugin local through the host: jobs of this machine, the same in both isolations.
#include <catch2/catch.hpp>
#include <bulkhead/provider_client.hpp>

#include "tests/plugins/local/jobs.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

using Modes = WithJobs<BothModes>;

TEST_CASE_METHOD(Modes, "a job runs to its end, and everything of it can be read") {
  const ProviderClient local = open();
  CHECK(local.info().name == "local");
  const std::string handle =
      local.submit("first", {.name = "a name",
                             .tag = "mine",
                             .arguments = {"/bin/sh", "-c", "echo out $GREETING; exit 5"},
                             .environment = {{"GREETING", "hello"}}});
  CHECK(local.submit("first", {.name = "a name",
                               .tag = "mine",
                               .arguments = {"/bin/sh", "-c", "echo out $GREETING; exit 5"},
                               .environment = {{"GREETING", "hello"}}}) == handle);
  CHECK(local.find("first") == handle);
  CHECK(local.recover(handle) == handle);
  CHECK(whole_log(local, handle) == "out hello\n");
  const JobStatus status = wait(local, handle);
  CHECK(status.state == JobState::failed);
  CHECK(status.reason == JobReason::user_error);
  CHECK(status.exit_code == 5);
  CHECK(status.started_at > 1'700'000'000'000'000'000);
  CHECK(status.ended_at >= status.started_at);
  CHECK(local.list_owned("mine") == std::vector<OwnedJob>{{"first", handle, JobState::failed}});
  CHECK(local.list_owned("other").empty());
  local.stop(handle, 1s);  // a job that ended is fine
  CHECK(local.destroy(handle));
  CHECK(local.destroy(handle));
  CHECK(failure_of([&] { local.status(handle); }).status == Status::not_found);
  CHECK(failure_of([&] { local.find("first"); }).status == Status::not_found);
  // The key is free again.
  const std::string again = local.submit("first", {.arguments = {"true"}});
  CHECK(wait(local, again).state == JobState::succeeded);
  local.destroy(again);
}

TEST_CASE_METHOD(Modes, "a job is watched, stopped, and read on") {
  const ProviderClient local = open();
  const std::string handle = local.submit(
      "watched", shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"));
  const JobLog first = local.logs(handle, 0, 60s);
  CHECK(first.bytes == "up\n");
  CHECK_FALSE(first.ended);
  CHECK(local.status(handle).state == JobState::running);
  CHECK(local.list_owned("").front().state == JobState::running);
  const JobLog nothing = local.logs(handle, first.next, 1ms);
  CHECK(nothing.bytes.empty());
  CHECK(nothing.next == first.next);
  local.stop(handle, 1h);
  const JobLog second = local.logs(handle, first.next, 60s);
  CHECK(second.bytes == "bye\n");
  const JobStatus status = wait(local, handle);
  CHECK(status.reason == JobReason::stopped);
  CHECK(status.state == JobState::failed);
  CHECK(local.logs(handle, 1, 0s, 3).bytes == "p\nb");
  CHECK(local.logs(handle, second.next).ended);
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Modes, "a job ends at its timeout") {
  const ProviderClient local = open();
  JobSpec spec = shell("sleep 1000");
  spec.timeout = 30ms;
  const std::string handle = local.submit("late", spec);
  const JobStatus status = wait(local, handle);
  CHECK(status.reason == JobReason::timeout);
  CHECK(status.exit_code == 143);
  CHECK_THAT(status.message, Contains("time was up"));
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Modes, "a program that is not there is the user's error") {
  const ProviderClient local = open();
  const std::string handle = local.submit("typo", {.arguments = {"/usr/bin/no-such-program"}});
  const JobStatus status = wait(local, handle);
  CHECK(status.reason == JobReason::user_error);
  CHECK(status.exit_code == 127);
  CHECK_THAT(status.message, Contains("/usr/bin/no-such-program could not be executed: No such"));
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Modes, "a job that runs is destroyed at once") {
  const ProviderClient local = open();
  const std::string handle = local.submit("doomed", shell("trap '' TERM; echo up; sleep 1000"));
  CHECK(local.logs(handle, 0, 60s).bytes == "up\n");
  while (!local.destroy(handle)) {
  }
  CHECK(local.list_owned("").empty());
}

TEST_CASE_METHOD(Modes, "output beyond the log's limit is dropped, and the log says so") {
  const ProviderClient local = open({{"log_bytes", std::int64_t{4096}}});
  const std::string handle = local.submit("loud", shell("yes | head -c 3000000; exit 0"));
  const std::string log = whole_log(local, handle);
  CHECK(log.size() < 4300);
  CHECK(log.substr(0, 4) == "y\ny\n");
  CHECK_THAT(log, Contains("[2995904 more bytes are not here"));
  CHECK(wait(local, handle).state == JobState::succeeded);
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Modes, "a big log comes whole, in pieces") {
  const ProviderClient local = open();
  const std::string handle = local.submit("big", shell("seq 1 1000000"));
  std::string expected;
  for (int i = 1; i <= 1'000'000; ++i) expected += std::to_string(i) + "\n";
  CHECK((whole_log(local, handle) == expected));
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Modes, "waiting for a log is cancelled, and ends at the deadline") {
  const ProviderClient local = open();
  const std::string handle = local.submit("quiet", shell("sleep 1000"));
  CallOptions call;
  call.timeout = 50ms;
  CHECK(failure_of([&] { local.logs(handle, 0, 1h, 0, call); }).status ==
        Status::deadline_exceeded);
  CancelSource cancel;
  call.timeout = 10min;
  call.cancel = &cancel;
  std::thread canceller([&] {
    std::this_thread::sleep_for(20ms);
    cancel.cancel();
  });
  CHECK(failure_of([&] { local.logs(handle, 0, 1h, 0, call); }).status == Status::cancelled);
  canceller.join();
  CHECK(local.status(handle).running());
  CHECK(local.destroy(handle));
}

using Either = WithJobs<TestHost>;

TEST_CASE_METHOD(Either, "errors of local are the same in both modes, word for word") {
  const auto compare = [&](const std::function<void(const ProviderClient&)>& call, Status status,
                           const std::string& words) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const ProviderClient local(load("local", isolation).open());
      return failure_of([&] { call(local); });
    });
    INFO(here << "\n" << there);
    CHECK(here == there);
    CHECK(here.status == status);
    CHECK_THAT(here.message, Contains(words));
  };
  using P = const ProviderClient&;
  compare([](P p) { p.submit("a", {}); }, Status::invalid_argument, "needs a program");
  compare([](P p) { p.submit("a", {.arguments = {""}}); }, Status::invalid_argument, "a program");
  compare([](P p) { p.submit("a", {.arguments = {std::string("a\0b", 3)}}); },
          Status::invalid_argument, "zero byte");
  compare(
      [](P p) {
        p.submit("a", {.arguments = {"a", std::string(2'000'000, 'x')}});
      },
      Status::invalid_argument, "1 MiB");
  compare([](P p) { p.submit("a", {.tag = std::string(300, 'x'), .arguments = {"a"}}); },
          Status::invalid_argument, "tag of a command");
  compare([](P p) { p.quote({.image = "debian"}); }, Status::unsupported, "no container images");
  compare([](P p) { p.submit("a", {.gpu = "H200"}); }, Status::unsupported, "gets no GPU");
  compare([](P p) { p.quote({.gpu_count = 1}); }, Status::unsupported, "gets no GPU");
  compare([](P p) { p.quote({.cpus = 1'000'000}); }, Status::unsupported, "CPUs; this machine has");
  compare([](P p) { p.quote({.memory = std::uint64_t{1} << 60}); }, Status::unsupported,
          "MiB of memory; this machine has");
  compare([](P p) { p.find("none"); }, Status::not_found, "No command has the key \"none\"");
  compare([](P p) { p.status("local/1/none"); }, Status::not_found, "No command has the key");
  compare([](P p) { p.status("local/1/../x"); }, Status::invalid_argument, "1 to 64 characters");
  compare([](P p) { p.destroy("local/1/.turn"); }, Status::invalid_argument, "1 to 64 characters");
  compare([](P p) { p.recover("local/2/none"); }, Status::version_mismatch, "later version");
  compare([](P p) { p.recover("slurm/1/none"); }, Status::data_invalid, "none of local's");
  compare([](P p) { p.recover("local/1/"); }, Status::data_invalid, "none of local's");
  CHECK(ProviderClient(load("local", Isolation::cell).open()).destroy("local/1/none"));
}

TEST_CASE_METHOD(Either, "the same intent with another request is a conflict") {
  const ProviderClient local(load("local", Isolation::cell).open());
  const std::string handle = local.submit("same", shell("exit 0"));
  const Failure failure = failure_of([&] { local.submit("same", shell("exit 1")); });
  CHECK(failure.status == Status::data_invalid);
  CHECK_THAT(failure.message, Contains("started with another request"));
  CHECK(wait(local, handle).exit_code == 0);
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Either, "a job is quoted for nothing, and the numbers agree in both modes") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    const JobQuote quote =
        ProviderClient(load("local", isolation).open()).quote({.cpus = 1, .memory = 1 << 20});
    CHECK(quote.available);
    CHECK(quote.micros_per_hour == 0);
    CHECK(quote.currency.empty());
    CHECK(quote.quoted_at > 1'700'000'000);
    return quote.note;
  });
  CHECK(here == there);
}

TEST_CASE_METHOD(BothModes, "without a grant local starts nothing, and says what to do") {
  const ProviderClient local(load("local").open());
  const Failure failure = failure_of([&] { local.submit("a", {.arguments = {"true"}}); });
  CHECK(failure.status == Status::permission_denied);
  CHECK_THAT(failure.message, Contains("commands = true"));
  CHECK(failure_of([&] { local.list_owned(""); }).status == Status::permission_denied);
  const ProviderHealth health = local.health();
  CHECK_FALSE(health.healthy);
  CHECK_THAT(health.message, Contains("policy"));
  CHECK_FALSE(std::filesystem::exists(folder().path() / "state/bulkhead/commands"));
}

TEST_CASE_METHOD(Modes, "health says that commands can be started") {
  CHECK(open().health().healthy);
}

}  // namespace
