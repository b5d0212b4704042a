// Cancellation and deadlines: before, during and after the work, and with plugins that don't
// listen.
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

constexpr char kShortGrace[] = "[limits]\ngrace = \"100 ms\"\n";

CallOptions with(const CancelSource& cancel) {
  CallOptions options;
  options.cancel = &cancel;
  return options;
}

CallOptions within(std::chrono::nanoseconds timeout) {
  CallOptions options;
  options.timeout = timeout;
  return options;
}

// In process a plugin that doesn't listen must end some day, or the host could never close: its
// text carries the address of a flag that ends it.
class Release {
 public:
  std::string text() const {
    char text[64];
    std::snprintf(text, sizeof text, "flag %p", static_cast<const void*>(flag_));
    return text;
  }
  void operator()() { __atomic_store_n(flag_, 1, __ATOMIC_RELEASE); }

 private:
  // Never on the stack: the plugin's thread looks at it once more after the test is over.
  static int* take() {
    static std::array<int, 16> flags{};
    static std::size_t taken = 0;
    return &flags.at(taken++);
  }
  int* const flag_ = take();
};

}  // namespace

TEST_CASE_METHOD(TestHost,
                 "a call that is cancelled before it begins is the same error in both modes") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    const CodecClient codec = this->codec("slow", isolation);
    CancelSource cancel;
    cancel.cancel();
    return failure_of([&] { codec.encode("600000", {}, with(cancel)); });
  });
  CHECK(here.status == Status::cancelled);
  CHECK(here == there);
}

TEST_CASE_METHOD(TestHost,
                 "a call that is cancelled while it works is the same error in both modes") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    const CodecClient codec = this->codec("slow", isolation);
    CancelSource cancel;
    CallOptions options = with(cancel);
    options.progress = [&](std::uint64_t, std::uint64_t) { cancel.cancel(); };  // it has begun
    // Its first step of progress comes after a tenth of this.
    const Failure failure = failure_of([&] { codec.encode("2000", {}, options); });
    CHECK(codec.encode("0") == CodecClient::Ids{0});  // the plugin is as good as before
    return failure;
  });
  CHECK(here.status == Status::cancelled);
  CHECK_THAT(here.message, Contains("the slow codec was told to stop") && Contains("slow"));
  CHECK(here == there);
}

TEST_CASE_METHOD(BothModes, "another thread may cancel at any moment") {
  const CodecClient codec = this->codec("spin");
  for (const auto delay : {0us, 50us, 500us, 5000us, 50000us}) {
    CancelSource cancel;
    std::thread other([&] {
      std::this_thread::sleep_for(delay);
      cancel.cancel();
    });
    const Failure failure = failure_of([&] { codec.decode({}, with(cancel)); });
    other.join();
    CHECK(failure.status == Status::cancelled);
  }
}

TEST_CASE_METHOD(BothModes, "a cancellation after the end changes nothing") {
  const CodecClient codec = this->codec("slow");
  CancelSource cancel;
  CHECK(codec.encode("1", {}, with(cancel)) == CodecClient::Ids{1});
  cancel.cancel();
  CHECK(codec.encode("2") == CodecClient::Ids{2});
}

TEST_CASE_METHOD(BothModes, "one source cancels all of its calls, and no other") {
  const CodecClient codec = this->codec("spin");
  CancelSource ours, others;
  std::vector<std::future<std::string>> cancelled, running;
  for (int i = 0; i < 5; ++i) {
    cancelled.push_back(codec.decode_async({}, with(ours)));
    running.push_back(codec.decode_async({}, with(others)));
  }
  ours.cancel();
  for (auto& result : cancelled) {
    CHECK(failure_of([&] { result.get(); }).status == Status::cancelled);
  }
  for (auto& result : running) CHECK(result.wait_for(0s) == std::future_status::timeout);
  others.cancel();
  for (auto& result : running) {
    CHECK(failure_of([&] { result.get(); }).status == Status::cancelled);
  }
}

TEST_CASE_METHOD(BothModes, "a source that goes before its call ends takes nothing with it") {
  const CodecClient codec = this->codec("slow");
  std::future<CodecClient::Ids> result;
  {
    const CancelSource cancel;
    result = codec.encode_async("50", {}, with(cancel));
  }
  CHECK(result.get() == CodecClient::Ids{50});
}

TEST_CASE_METHOD(TestHost, "a deadline is the same error in both modes") {
  const auto [here, there] = in_both([&](Isolation isolation) {
    return failure_of([&] { codec("slow", isolation).encode("600000", {}, within(100ms)); });
  });
  CHECK(here.status == Status::deadline_exceeded);
  CHECK(here == there);
}

TEST_CASE_METHOD(BothModes, "an asynchronous call has its deadline too") {
  const CodecClient codec = this->codec("slow");
  std::future<CodecClient::Ids> result = codec.encode_async("600000", {}, within(50ms));
  CHECK(failure_of([&] { result.get(); }).status == Status::deadline_exceeded);
  CHECK(codec.encode("3", {}, within(1h)) == CodecClient::Ids{3});
}

TEST_CASE_METHOD(BothModes, "the policy's time limit holds where the call names none") {
  policy("[limits]\ncall_timeout = \"100 ms\"\n");
  const CodecClient codec = this->codec("slow");
  CHECK(failure_of([&] { codec.encode("600000"); }).status == Status::deadline_exceeded);
  CHECK(codec.encode("300", {}, within(1h)) == CodecClient::Ids{300});
}

TEST_CASE_METHOD(TestHost,
                 "a cell that ignores its deadline is ended, and the next call has a new one") {
  policy(kShortGrace);
  Plugin plugin = load("spin", Isolation::cell);
  const CodecClient codec = plugin.codec();
  const int first = plugin.process();
  for (const char* how : {"nap", "burn"}) {
    const Failure failure = failure_of([&] { codec.encode(how, {}, within(50ms)); });
    CHECK(failure.status == Status::deadline_exceeded);
    CHECK_THAT(failure.message, Contains("spin") && Contains("cell") && Contains("ended"));
  }
  CHECK(codec.count("next") == 4);
  CHECK(plugin.process() != first);
}

TEST_CASE_METHOD(TestHost, "a cell that ignores its cancellation is ended") {
  policy(kShortGrace);
  const CodecClient codec = this->codec("spin", Isolation::cell);
  CancelSource cancel;
  std::future<CodecClient::Ids> result = codec.encode_async("nap", {}, with(cancel));
  cancel.cancel();
  const Failure failure = failure_of([&] { result.get(); });
  CHECK(failure.status == Status::cancelled);
  CHECK_THAT(failure.message, Contains("spin") && Contains("cell") && Contains("ended"));
  CHECK(codec.count("next") == 4);
}

TEST_CASE_METHOD(TestHost, "other calls of a cell that is ended get plugin_crashed") {
  policy(kShortGrace);
  const CodecClient codec = this->codec("spin", Isolation::cell);
  std::future<std::string> bystander = codec.decode_async({});
  const Failure guilty = failure_of([&] { codec.encode("nap", {}, within(50ms)); });
  CHECK(guilty.status == Status::deadline_exceeded);
  CHECK(failure_of([&] { bystander.get(); }).status == Status::plugin_crashed);
}

TEST_CASE_METHOD(TestHost,
                 "a plugin in process that ignores its deadline is unresponsive, and runs on") {
  policy(kShortGrace);
  Release release;
  const CodecClient codec = this->codec("spin", Isolation::in_process);
  const Failure failure = failure_of([&] { codec.encode(release.text(), {}, within(50ms)); });
  CHECK(failure.status == Status::unresponsive);
  CHECK_THAT(failure.message, Contains("spin") && Contains("cell"));  // what to do about it
  CHECK(codec.count("other calls go on") == 17);
  release();
}

TEST_CASE_METHOD(TestHost, "a plugin in process that ignores its cancellation is unresponsive") {
  policy(kShortGrace);
  Release release;
  const CodecClient codec = this->codec("spin", Isolation::in_process);
  CancelSource cancel;
  std::future<CodecClient::Ids> result = codec.encode_async(release.text(), {}, with(cancel));
  cancel.cancel();
  CHECK(failure_of([&] { result.get(); }).status == Status::unresponsive);
  release();
}

TEST_CASE_METHOD(TestHost, "a plugin in process that runs on may end after its host") {
  policy(kShortGrace);
  Release release;
  {
    const CodecClient codec = this->codec("spin", Isolation::in_process);
    CHECK(failure_of([&] { codec.encode(release.text(), {}, within(10ms)); }).status ==
          Status::unresponsive);
  }
  close();    // waits for the grace time, not for ever
  release();  // its code and its call are still there; at the end the fixture waits for the thread
}
