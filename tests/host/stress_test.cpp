// Eight threads, every kind of call, plugins that work, refuse and crash: nobody gets another's
// answer, and at the end nothing is left. ThreadSanitizer watches in its build.
#include <atomic>
#include <future>
#include <mutex>
#include <random>
#include <thread>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;

namespace {

#if BH_BUILT_SANITIZERS != 0
constexpr int kRounds = 40, kLoads = 3;
#else
constexpr int kRounds = 250, kLoads = 10;
#endif

// Collects what went wrong: Catch's own assertions are for one thread.
class Findings {
 public:
  void expect(bool good, const std::string& what) {
    if (good) return;
    const std::lock_guard lock(mutex_);
    text_ += what + "\n";
  }
  std::string text() const { return text_; }

 private:
  std::mutex mutex_;
  std::string text_;
};

std::optional<Failure> outcome(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return Failure{error.status(), error.what()};
  }
  return std::nullopt;
}

// One call of some kind, as the dice fall.
void one_call(std::mt19937& random, const CodecClient& null, const CodecClient& slow,
              const CodecClient& throws, Findings& findings) {
  const std::uint32_t number = random() % 3;
  switch (random() % 7) {
    case 0: {
      const std::string text(random() % 5000, 'x');
      findings.expect(null.count(text) == text.size(), "count gave another's answer");
      break;
    }
    case 1:
      findings.expect(slow.encode(std::to_string(number)) == CodecClient::Ids{number},
                      "encode gave another's answer");
      break;
    case 2: {
      auto first = slow.encode_async(std::to_string(number));
      auto second = slow.encode_async("1");
      findings.expect(second.get() == CodecClient::Ids{1}, "a future gave another's answer");
      findings.expect(first.get() == CodecClient::Ids{number}, "a future gave another's answer");
      break;
    }
    case 3: {
      const auto failure = outcome([&] { throws.encode("runtime_error"); });
      findings.expect(failure && failure->contains("the sky is falling"), "the error was lost");
      break;
    }
    case 4: {
      CancelSource cancel;
      CallOptions options;
      options.cancel = &cancel;
      auto result = slow.encode_async("600000", {}, options);
      cancel.cancel();
      const auto failure = outcome([&] { result.get(); });
      findings.expect(failure && failure->status == Status::cancelled, "not cancelled");
      break;
    }
    case 5: {
      CallOptions options;
      options.timeout = std::chrono::milliseconds(1);
      const auto failure = outcome([&] { slow.encode("600000", {}, options); });
      findings.expect(failure && failure->status == Status::deadline_exceeded, "no deadline");
      break;
    }
    default: {
      DecodeStream stream = null.decode_stream();
      findings.expect(stream.push(std::vector<std::uint32_t>{1, 2}).empty(), "stream");
      if (number == 0) stream.finish();
    }
  }
}

void work(unsigned seed, const CodecClient& null, const CodecClient& slow,
          const CodecClient& throws, Findings& findings) {
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    const auto failure = outcome([&] { one_call(random, null, slow, throws, findings); });
    findings.expect(!failure, failure ? failure->message : "");
  }
}

}  // namespace

TEST_CASE_METHOD(BothModes, "eight threads call at once") {
  const CodecClient null = codec("null_codec"), slow = codec("slow"), throws = codec("throws");
  Findings findings;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { work(i, null, slow, throws, findings); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(findings.text() == "");
}

TEST_CASE_METHOD(TestHost, "both modes at once, while cells crash") {
  policy("[limits]\ncrashes = 1000\n");
  const CodecClient here = codec("slow", Isolation::in_process);
  const CodecClient there = codec("slow", Isolation::cell);
  const CodecClient null = codec("null_codec", Isolation::cell);
  const CodecClient throws = codec("throws", Isolation::cell);
  const CodecClient crash = codec("crash_call", Isolation::cell);
  Findings findings;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] { work(i, null, i % 2 == 0 ? here : there, throws, findings); });
  }
  std::thread crasher([&] {
    while (!stop) {
      const auto failure = outcome([&] { crash.encode("abort"); });
      findings.expect(failure && failure->status == Status::plugin_crashed, "no crash");
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  crasher.join();
  CHECK(findings.text() == "");
}

TEST_CASE_METHOD(BothModes, "plugins are loaded, opened and let go by many threads") {
  host();
  Findings findings;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kLoads; ++round) {
        const auto failure = outcome([&] {
          const CodecClient codec = this->codec("null_codec");
          findings.expect(codec.count("text") == 4, "count");
        });
        findings.expect(!failure, failure ? failure->message : "");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(findings.text() == "");
}
