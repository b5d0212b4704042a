// The end of a host: every call gets its answer, and nothing runs afterwards.
#include <atomic>
#include <future>
#include <thread>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;

namespace {

bool ended_by_close(Status status) {
  return status == Status::unavailable || status == Status::cancelled;
}

}  // namespace

TEST_CASE_METHOD(BothModes, "calls in flight are answered when their host goes") {
  std::atomic<int> completions = 0, wrong = 0;
  std::vector<std::future<std::string>> futures;
  {
    const CodecClient codec = this->codec("spin");
    for (int i = 0; i < 50; ++i) {
      codec.decode_async({}, {}, [&](Outcome<std::string> outcome) {
        if (!ended_by_close(outcome.status) || outcome.message.empty()) ++wrong;
        ++completions;
      });
      futures.push_back(codec.decode_async({}));
    }
  }
  close();
  CHECK(completions == 50);  // all of them before close returned
  CHECK(wrong == 0);
  for (auto& future : futures) {
    CHECK(ended_by_close(failure_of([&] { future.get(); }).status));
  }
}

TEST_CASE_METHOD(BothModes, "a synchronous call of another thread ends when its host is closed") {
  const CodecClient codec = this->codec("spin");
  std::atomic<bool> begun = false;
  Failure failure;
  std::thread caller([&] {
    begun = true;
    failure = failure_of([&] { codec.decode({}); });
  });
  REQUIRE(eventually([&] { return begun.load(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // mostly the call is on its way then
  host().close();
  caller.join();
  CHECK(ended_by_close(failure.status));
}

TEST_CASE_METHOD(BothModes,
                 "after close everything says unavailable, and close again does nothing") {
  Plugin plugin = load("null_codec");
  const CodecClient codec = plugin.codec();
  DecodeStream stream = codec.decode_stream();
  host().close();
  host().close();
  const auto unavailable = [](const std::function<void()>& call) {
    return failure_of(call).status == Status::unavailable;
  };
  CHECK(unavailable([&] { codec.count("text"); }));
  CHECK(unavailable([&] { codec.encode_async("text"); }));
  CHECK(unavailable([&] { plugin.open(); }));
  CHECK(unavailable([&] { load("null_codec"); }));
  CHECK(unavailable([&] { stream.push(std::vector<std::uint32_t>{1}); }));
  CHECK(plugin.info().id == "null_codec");  // what is known needs no host
}

TEST_CASE_METHOD(BothModes, "handles may outlive their host") {
  std::optional<Plugin> plugin;
  std::optional<CodecClient> codec;
  std::optional<DecodeStream> stream;
  plugin = load("null_codec");
  codec = plugin->codec();
  stream = codec->decode_stream();
  close();
  CHECK(failure_of([&] { codec->count("text"); }).status == Status::unavailable);
  stream.reset();
  codec.reset();
  plugin.reset();
}

TEST_CASE_METHOD(BothModes, "a host that was never used closes") {
  host();
  close();
}

TEST_CASE_METHOD(BothModes, "a host may be closed from several threads while calls begin") {
  const CodecClient codec = this->codec("null_codec");
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        try {
          if (codec.count("text") != 4) ++wrong;
        } catch (const Error& error) {
          if (!ended_by_close(error.status())) ++wrong;
        }
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  std::thread first([&] { host().close(); }), second([&] { host().close(); });
  first.join();
  second.join();
  stop = true;
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}
