// Checkpoints of linear: the same continuation bit for bit, and what is no checkpoint.
#include <cmath>
#include <cstring>
#include <catch2/catch.hpp>

#include "plugins/linear/checkpoint.hpp"
#include "plugins/linear/hash.hpp"
#include "tests/plugins/linear/world.hpp"

namespace bulkhead::testing {
namespace {

using Catch::Matchers::Contains;

// Offsets in the file, from the layout in plugins/linear/checkpoint.hpp.
constexpr std::size_t kFormat = 8, kIdentity = 16, kState = kIdentity + sizeof(linear::Identity),
                      kHeaderSum = kState + sizeof(linear::State), kWeights = kHeaderSum + 8;

struct Checkpoints : World {
  // Small, so that a test can go through each of its bytes.
  inline static const Options kTiny = {
      {"dimension", 16}, {"batch", 4}, {"metrics_every", 1}, {"evaluate_every", 9}};

  std::uint64_t open(std::uint64_t seed = 1) {
    return trainer.open({.data = kSmall, .options = kTiny, .seed = seed});
  }
  static std::uint64_t hash(std::string_view bytes) {
    linear::Hash hash;
    hash.add(bytes);
    return hash.value();
  }
  // The checkpoint with a value in it, and checksums that fit.
  template <class T>
  static std::string with(std::string bytes, std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
    const std::uint64_t header = hash({bytes.data(), kHeaderSum});
    std::memcpy(bytes.data() + kHeaderSum, &header, 8);
    const std::size_t end = bytes.size() - 8;
    const std::uint64_t body = hash({bytes.data() + kWeights, end - kWeights});
    std::memcpy(bytes.data() + end, &body, 8);
    return bytes;
  }
  Failed refusal(std::uint64_t run, const std::string& bytes) {
    return failure([&] { trainer.restore(run, bytes); });
  }
};

std::vector<Point> after_step(std::vector<Point> points, std::uint64_t step) {
  std::erase_if(points, [&](const Point& point) { return point.step <= step; });
  for (Point& point : points) point.number = 0;
  return points;
}

TEST_CASE_METHOD(Checkpoints, "a restored run takes the same steps, bit for bit") {
  // 54 samples are 13 whole batches and a rest: before, at and behind the end of an epoch.
  const std::uint64_t at = GENERATE(0, 1, 13, 14, 15, 100);
  const std::uint64_t first = open();
  const Steps before = trainer.step(first, at);
  const std::string kept = trainer.checkpoint(first);
  trainer.step(first, 100);
  const std::string end = trainer.checkpoint(first);
  const auto metrics = after_step(trainer.metrics(first), at);

  const std::uint64_t fresh = open();
  CHECK(trainer.restore(fresh, kept) == before);
  CHECK(trainer.checkpoint(fresh) == kept);
  trainer.step(fresh, 60);
  trainer.step(fresh, 40);
  CHECK(trainer.checkpoint(fresh) == end);
  CHECK(after_step(trainer.metrics(fresh), at) == metrics);

  // The same in the run that wrote it: back, and again.
  const std::uint64_t points = trainer.metrics(first).back().number;
  CHECK(trainer.restore(first, kept) == before);
  trainer.step(first, 100);
  CHECK(trainer.checkpoint(first) == end);
  CHECK(trainer.metrics(first, points).front().number == points + 1);

  // The negative control: without the checkpoint it is another run.
  const std::uint64_t other = open(2);
  trainer.step(other, at + 100);
  CHECK(trainer.checkpoint(other) != end);
}

TEST_CASE_METHOD(Checkpoints, "a changed byte anywhere is found, and the run stays as it was") {
  const std::uint64_t run = open();
  trainer.step(run, 20);
  const std::string good = trainer.checkpoint(run);
  trainer.step(run, 1);
  const std::string now = trainer.checkpoint(run);
  REQUIRE(good.size() < 1000);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const unsigned char bit : {0x01, 0x80}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ bit);
      const Failed failed = refusal(run, bad);
      CAPTURE(at, failed.message);
      const bool format = at >= kFormat && at < kFormat + 4;
      REQUIRE(failed.status == (format ? BH_VERSION_MISMATCH : BH_DATA_INVALID));
    }
  }
  CHECK(trainer.checkpoint(run) == now);
  CHECK(files.open_handles() == 0);
  CHECK(trainer.restore(run, good).step == 20);  // the control: unchanged, it is taken
}

TEST_CASE_METHOD(Checkpoints, "a file that is cut anywhere, or longer, is no checkpoint") {
  const std::uint64_t run = open();
  const std::string good = trainer.checkpoint(run);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    REQUIRE(refusal(run, good.substr(0, size)).status == BH_DATA_INVALID);
  }
  CHECK(refusal(run, good + '\0').status == BH_DATA_INVALID);
  CHECK(refusal(run, std::string(1'000'000, 'B')).status == BH_DATA_INVALID);
  files.on_read = [](std::string& text, std::uint64_t offset) {
    if (offset > 0) text.resize(kWeights + 5);
  };
  CHECK_THAT(refusal(run, good).message, Contains("became shorter"));
}

TEST_CASE_METHOD(Checkpoints, "a checkpoint of another run is a version_mismatch that says why") {
  const std::uint64_t run = open();
  trainer.step(run, 3);
  const std::string kept = trainer.checkpoint(run);
  const auto refused = [&](const TestTrainer::Open& how, const char* words) {
    const std::uint64_t other = trainer.open(how);
    const std::string before = trainer.checkpoint(other);
    const Failed failed = refusal(other, kept);
    CHECK(failed.status == BH_VERSION_MISMATCH);
    CHECK_THAT(failed.message, Contains(words));
    CHECK(trainer.checkpoint(other) == before);
    trainer.close(other);
  };
  const auto with_option = [&](const char* key, Value value) {
    Options options = kTiny;
    std::erase_if(options, [&](const auto& entry) { return std::string_view(entry.first) == key; });
    options.emplace_back(key, value);
    return TestTrainer::Open{.data = kSmall, .options = options};
  };
  refused({.data = kSmall, .options = kTiny, .seed = 2}, "seed: 1");
  refused(with_option("dimension", 32), "dimension: 16");
  refused(with_option("batch", 5), "batch: 4");
  refused(with_option("words", false), "words: 1");
  refused(with_option("ngram", 3), "ngram: 4");
  refused(with_option("learning_rate", 0.5), "learning_rate: 2.0");
  refused(with_option("metrics_every", 2), "metrics_every: 1");
  refused(with_option("evaluate_every", 2), "evaluate_every: 9");
  refused({.data = {"car", "fruit"}, .options = kTiny}, "other data");
  files.readable["plum"] = files.readable["fruit"];
  refused({.data = {"plum", "car"}, .options = kTiny}, "other data");
  refused({.data = {"fruit", "car", "plum"}, .options = kTiny}, "classes: 2");
  files.readable["fruit"][3] = 'b';
  refused({.data = kSmall, .options = kTiny}, "other data");
  CHECK_THAT(refusal(run, with(kept, kFormat, std::uint32_t{2})).message, Contains("format 2"));
}

TEST_CASE_METHOD(Checkpoints, "a state that no run can have is refused, checksums or not") {
  const std::uint64_t run = open();
  trainer.step(run, 3);
  const std::string good = trainer.checkpoint(run);
#define AT(member) (kState + offsetof(linear::State, member))
  for (const std::string& bad :
       {with(good, AT(cursor), std::uint64_t{54}), with(good, AT(cursor), UINT64_MAX),
        with(good, AT(epoch_state), std::uint64_t{0}),
        with(good, AT(random_state), std::uint64_t{0}),
        with(good, AT(evaluation_due), std::uint64_t{2}), with(good, AT(loss), std::nan(""))}) {
    const Failed failed = refusal(run, bad);
    CHECK(failed.status == BH_DATA_INVALID);
    CHECK_THAT(failed.message, Contains("none that a run can have"));
  }
  CHECK(trainer.checkpoint(run) == good);
  trainer.restore(run, with(good, AT(step), std::uint64_t{4}));  // the control
  CHECK(trainer.step(run, 1).step == 5);
#undef AT
}

TEST_CASE_METHOD(Checkpoints, "weights that are no numbers end steps and answers, not the plugin") {
  const std::uint64_t run = open();
  trainer.step(run, 3);
  const std::string good = trainer.checkpoint(run);
  std::string bad = good;
  for (std::size_t at = kWeights; at + 8 < good.size(); at += 4) {
    bad = with(bad, at, std::nanf(""));
  }
  trainer.restore(run, bad);
  CHECK(failure([&] { trainer.step(run, 1); }).status == BH_DATA_INVALID);
  CHECK(failure([&] { trainer.generate(run, {"apple"}); }).status == BH_DATA_INVALID);
  CHECK(failure([&] { trainer.generate(run, {"apple", 1.0}); }).status == BH_DATA_INVALID);
  CHECK(trainer.step(run, 0).step == 3);
  trainer.restore(run, good);
  CHECK(trainer.step(run, 1).step == 4);
}

TEST_CASE_METHOD(Checkpoints, "a checkpoint that can't be written whole leaves nothing") {
  const std::uint64_t run = open();
  TestCall call;
  CHECK(failure([&] { trainer.checkpoint(call, run, "elsewhere"); }).status ==
        BH_PERMISSION_DENIED);
  files.writable["full"] = true;
  files.disk = 300;
  CHECK(failure([&] { trainer.checkpoint(call, run, "full"); }).status == BH_RESOURCE_EXHAUSTED);
  CHECK(!files.written.contains("full"));
  CHECK(files.open_handles() == 0);
  files.disk = UINT64_MAX;
  call.cancel();
  CHECK(failure([&] { trainer.checkpoint(call, run, "full"); }).status == BH_CANCELLED);
  CHECK(!files.written.contains("full"));
}

// A call that is taken back when it is asked for the n-th time whether it should stop.
class CancelledAtPoll {
 public:
  explicit CancelledAtPoll(int polls) : functions_(*static_cast<bh_call*>(call_)->fn) {
    left() = polls;
    functions_.should_stop = [](bh_call*) {
      return --left() < 0 ? bh_status{BH_CANCELLED} : bh_status{BH_OK};
    };
    static_cast<bh_call*>(call_)->fn = &functions_;
  }
  TestCall& call() { return call_; }

 private:
  static int& left() {
    static int polls = 0;
    return polls;
  }
  TestCall call_;
  bh_call_functions functions_;
};

TEST_CASE_METHOD(Checkpoints, "a step that is cancelled anywhere has been taken, or has not") {
  const auto open_evaluating = [&] {
    return trainer.open(
        {.data = kSmall, .options = {{"dimension", 16}, {"batch", 4}, {"evaluate_every", 1}}});
  };
  const std::uint64_t whole = open_evaluating();
  trainer.step(whole, 20);
  const std::string end = trainer.checkpoint(whole);
  const std::uint64_t run = open_evaluating();
  const std::string begin = trainer.checkpoint(run);
  int stopped_in_evaluation = 0;
  for (int polls = 0; polls < 60; ++polls) {
    CAPTURE(polls);
    trainer.restore(run, begin);
    const std::uint64_t seen =
        trainer.metrics(run).empty() ? 0 : trainer.metrics(run).back().number;
    CancelledAtPoll cancelled(polls);
    REQUIRE(failure([&] { trainer.step(cancelled.call(), run, 20); }).status == BH_CANCELLED);
    const std::uint64_t taken = trainer.step(run, 0).step;
    REQUIRE(taken < 20);
    const auto points = trainer.metrics(run, seen);
    stopped_in_evaluation += taken != 0 && (points.empty() || points.back().step < taken) ? 1 : 0;
    trainer.step(run, 20 - taken);
    REQUIRE(trainer.checkpoint(run) == end);
    std::uint64_t evaluations = 0;
    for (const Point& point : trainer.metrics(run, seen)) {
      if (point.name == "accuracy") REQUIRE(point.step == ++evaluations);  // each once, in order
    }
    REQUIRE(evaluations == 20);
  }
  CHECK(stopped_in_evaluation > 10);
}

TEST_CASE_METHOD(Checkpoints,
                 "an evaluation that was cut short is made up for, also from a checkpoint") {
  const std::uint64_t run = open();
  // The ninth step is followed by an evaluation.
  const std::uint64_t whole = open();
  trainer.step(whole, 9);
  const std::string evaluated = trainer.checkpoint(whole);
  const std::string cut =
      with(evaluated, kState + offsetof(linear::State, evaluation_due), std::uint64_t{1});
  trainer.restore(run, cut);
  CHECK(trainer.step(run, 1).step == 10);
  const auto points = trainer.metrics(run);
  CHECK(std::count_if(points.begin(), points.end(), [](const Point& point) {
          return point.name == "accuracy" && point.step == 9;
        }) == 1);
  trainer.step(whole, 1);
  CHECK(trainer.checkpoint(run) == trainer.checkpoint(whole));
}

}  // namespace
}  // namespace bulkhead::testing
