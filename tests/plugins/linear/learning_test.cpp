// What linear learns, and how a run goes: steps, metrics, pauses, answers.
#include <atomic>
#include <cmath>
#include <thread>
#include <catch2/catch.hpp>

#include "tests/plugins/linear/real_text.hpp"
#include "tests/plugins/linear/world.hpp"

namespace bulkhead::testing {
namespace {

using Catch::Matchers::Contains;

double last(const std::vector<Point>& points, const std::string& name) {
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    if (point->name == name) return point->value;
  }
  return -1;
}

TEST_CASE_METHOD(World, "linear tells licences, code and manuals apart") {
  std::vector<std::string> names;
  std::size_t all = 0, largest = 0;
  for (const auto& [label, text] : real_text()) {
    files.readable[label] = text;
    names.push_back(label);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    all += lines;
    largest = std::max(largest, lines);
  }
  REQUIRE(all > 3000);
  const double chance = static_cast<double>(largest) / static_cast<double>(all);
  const std::uint64_t run = trainer.open({.data = names, .options = {{"evaluate_every", 1000}}});
  trainer.step(run, 3000);
  const auto points = trainer.metrics(run);
  INFO("chance " << chance << ", accuracy " << last(points, "accuracy") << ", loss "
                 << last(points, "held_out_loss"));
  REQUIRE(chance < 0.7);
  CHECK(last(points, "accuracy") > 0.93);
  CHECK(last(points, "held_out_loss") < 0.25);
  CHECK(trainer.generate(run, {"for (const auto& [key, value] : options) {"}).text == "code");
  CHECK(trainer.generate(run, {"You may convey verbatim copies of the Program"}).text == "licence");
}

TEST_CASE_METHOD(World, "labels that mean nothing are not learned") {
  // The negative control of the accuracy: the same lines, dealt out by a rule that no word tells.
  std::string texts[2];
  std::size_t i = 0;
  const std::string& source = real_text().front().second;
  for (std::size_t at = 0; at < source.size(); ++i) {
    const std::size_t end = source.find('\n', at) + 1;
    texts[i * 2654435761u >> 16 & 1] += source.substr(at, end - at);
    at = end;
  }
  files.readable["a"] = texts[0];
  files.readable["b"] = texts[1];
  const std::uint64_t run =
      trainer.open({.data = {"a", "b"}, .options = {{"evaluate_every", 1000}}});
  trainer.step(run, 3000);
  CHECK(last(trainer.metrics(run), "accuracy") < 0.65);
}

TEST_CASE_METHOD(World,
                 "the same seed, data and options are the same run, on any number of threads") {
  const Options often = {{"evaluate_every", 7}};
  const auto result = [&](std::uint64_t seed, std::uint32_t threads) {
    const std::uint64_t run =
        trainer.open({.data = kSmall, .options = often, .seed = seed, .threads = threads});
    trainer.step(run, 100);
    return std::pair(trainer.checkpoint(run), trainer.metrics(run));
  };
  const auto one = result(5, 1);
  CHECK(result(5, 1) == one);
  CHECK(result(5, 4) == one);
  CHECK(result(6, 1).first != one.first);
}

TEST_CASE_METHOD(World, "a step has as many samples as the batch, and no more than the data") {
  const std::uint64_t run = trainer.open({.data = kSmall, .options = {{"batch", 5}}});
  CHECK(trainer.step(run, 0) == Steps{0, 0, 0, false});
  CHECK(trainer.step(run, 2).samples == 10);
  const std::uint64_t large = trainer.open({.data = kSmall, .options = {{"batch", 1000}}});
  // 60 lines, of which each class holds out a tenth.
  CHECK(trainer.step(large, 3).samples == 3 * 54);
}

TEST_CASE_METHOD(World, "the loss is that of guessing before anything is learned, and falls") {
  const std::uint64_t run = trainer.open({.data = kSmall});
  CHECK(trainer.step(run, 1).loss == Approx(std::log(2.0)));
  CHECK(trainer.step(run, 200).loss < 0.1);
}

TEST_CASE_METHOD(World, "metrics are numbered without gaps, and a reader goes on where it was") {
  const std::uint64_t run =
      trainer.open({.data = kSmall, .options = {{"metrics_every", 2}, {"evaluate_every", 10}}});
  CHECK(trainer.metrics(run).empty());
  trainer.step(run, 20);
  const auto all = trainer.metrics(run);
  REQUIRE(all.size() == 10 + 2 * 2);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].number == i + 1);
  CHECK(all.front().name == "loss");
  CHECK(all.front().step == 2);
  const auto some = trainer.metrics(run, 3, 4);
  CHECK(some == std::vector<Point>(all.begin() + 3, all.begin() + 7));
  CHECK(trainer.metrics(run, 14).empty());
  CHECK(trainer.metrics(run, UINT64_MAX).empty());
  CHECK(trainer.metrics(run, 14, 0, 1'000'000).empty());  // waits a millisecond for nothing
  CHECK(failure([&] { trainer.metrics(run, 0, 0, -1); }).status == BH_INVALID_ARGUMENT);
}

TEST_CASE_METHOD(World, "the last 4096 metrics are kept, with their numbers") {
  const std::uint64_t run = trainer.open(
      {.data = kSmall,
       .options = {{"metrics_every", 1}, {"evaluate_every", 0}, {"dimension", 16}, {"batch", 1}}});
  trainer.step(run, 5000);
  const auto kept = trainer.metrics(run);
  REQUIRE(kept.size() == 4096);
  CHECK(kept.front().number == 5000 - 4096 + 1);
  CHECK(kept.back().number == 5000);
  CHECK(trainer.metrics(run, 10, 1).front() == kept.front());
}

TEST_CASE_METHOD(World, "a cancelled step stops between two steps, and the run goes on") {
  const std::uint64_t run = trainer.open({.data = kSmall});
  TestCall call;
  std::vector<std::uint64_t> progress;
  call.on_progress([&](std::uint64_t done, std::uint64_t total) {
    CHECK(total == 1000);
    progress.push_back(done);
    if (done == 3) call.cancel();
  });
  CHECK(failure([&] { trainer.step(call, run, 1000); }).status == BH_CANCELLED);
  CHECK(progress == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(trainer.step(run, 0).step == 3);
  CHECK(trainer.step(run, 2).step == 5);
}

TEST_CASE_METHOD(World, "other functions of a run work while steps are under way") {
  const std::uint64_t run = trainer.open({.data = kSmall});
  Steps taken{};
  std::thread stepping([&] { taken = trainer.step(run, UINT64_MAX); });
  const auto first = trainer.metrics(run, 0, 1, 60'000'000'000);  // waits for it
  REQUIRE(first.size() == 1);
  CHECK(failure([&] { trainer.step(run, 1); }).status == BH_OVERLOADED);
  std::uint64_t after = first.front().number;
  for (int i = 0; i < 50; ++i) {
    CHECK(trainer.generate(run, {"apple pie"}).text == "fruit");
    const auto points = trainer.metrics(run, after, 0, 60'000'000'000);
    REQUIRE(!points.empty());
    after = points.back().number;
  }
  const std::string kept = trainer.checkpoint(run);
  trainer.restore(run, kept);
  trainer.pause(run);
  stepping.join();
  CHECK(taken.paused);
  CHECK(taken.step > 0);
  CHECK(!trainer.step(run, 1).paused);
  trainer.pause(run);  // without a step: nothing
  CHECK(!trainer.step(run, 1).paused);
}

TEST_CASE_METHOD(World, "closing a run ends its steps and the waiting of its readers") {
  const std::uint64_t run =
      trainer.open({.data = kSmall, .options = {{"metrics_every", 1'000'000}}});
  Failed step, reader;
  std::atomic<bool> stepping = false;
  std::thread first([&] {
    TestCall call;
    call.on_progress([&](std::uint64_t, std::uint64_t) { stepping = true; });
    step = failure([&] { trainer.step(call, run, UINT64_MAX); });
  });
  std::thread second(
      [&] { reader = failure([&] { trainer.metrics(run, UINT64_MAX - 1, 0, INT64_MAX); }); });
  while (!stepping) std::this_thread::yield();
  trainer.close(run);
  first.join();
  second.join();
  CHECK(step.status == BH_NOT_FOUND);
  CHECK(reader.status == BH_NOT_FOUND);
}

TEST_CASE_METHOD(World, "a handle of no open run is not found, in every function") {
  const std::uint64_t closed = trainer.open({.data = kSmall});
  const std::string bytes = trainer.checkpoint(closed);
  trainer.close(closed);
  for (const std::uint64_t run : {closed, std::uint64_t{0}, closed + 1, UINT64_MAX}) {
    CAPTURE(run);
    CHECK(failure([&] { trainer.step(run, 1); }).status == BH_NOT_FOUND);
    CHECK(failure([&] { trainer.pause(run); }).status == BH_NOT_FOUND);
    CHECK(failure([&] { trainer.metrics(run); }).status == BH_NOT_FOUND);
    CHECK(failure([&] { trainer.checkpoint(run); }).status == BH_NOT_FOUND);
    CHECK(failure([&] { trainer.restore(run, bytes); }).status == BH_NOT_FOUND);
    CHECK(failure([&] { trainer.generate(run, {"x"}); }).status == BH_NOT_FOUND);
    CHECK(failure([&] { trainer.close(run); }).status == BH_NOT_FOUND);
  }
}

TEST_CASE_METHOD(World, "16 runs may be open; a failed opening takes no place") {
  std::vector<std::uint64_t> runs;
  for (int i = 0; i < 16; ++i) {
    CHECK(failure([&] {
            trainer.open({.data = {"fruit", "nothing"}});
          }).status == BH_PERMISSION_DENIED);
    runs.push_back(trainer.open({.data = kSmall}));
  }
  CHECK(failure([&] { trainer.open({.data = kSmall}); }).status == BH_OVERLOADED);
  trainer.close(runs.front());
  const std::uint64_t next = trainer.open({.data = kSmall});
  CHECK(std::find(runs.begin(), runs.end(), next) == runs.end());
}

TEST_CASE_METHOD(World, "an answer is a label, with its probability") {
  const std::uint64_t run = trainer.open({.data = kSmall});
  const Answer fresh = trainer.generate(run, {"apple"});
  CHECK(fresh.probability == Approx(0.5));
  trainer.step(run, 200);
  const Answer fruit = trainer.generate(run, {"an APPLE pie"}),
               car = trainer.generate(run, {"brake"});
  CHECK(fruit.text == "fruit");
  CHECK(car.text == "car");
  CHECK(fruit.probability > 0.8);
  CHECK(trainer.generate(run, {""}).probability == Approx(0.5).margin(0.3));
  CHECK(trainer.generate(run, {std::string(3'000'000, 'x')}).text.size() > 0);
  CHECK_THAT(failure([&] { trainer.generate(run, {.prompt = "brake", .max_bytes = 2}); }).message,
             Contains("3 bytes"));
  CHECK(trainer.generate(run, {.prompt = "brake", .max_bytes = 3}) == car);
  for (const double temperature : {-1.0, std::nan(""), HUGE_VAL}) {
    CHECK(failure([&] {
            trainer.generate(run, {"x", temperature});
          }).status == BH_INVALID_ARGUMENT);
  }
}

TEST_CASE_METHOD(World,
                 "with a temperature answers are drawn, by the seed, as probable as they are") {
  const std::uint64_t run = trainer.open({.data = kSmall});
  trainer.step(run, 3);
  const double probability = trainer.generate(run, {"apple"}).probability;
  REQUIRE(trainer.generate(run, {"apple"}).text == "fruit");
  REQUIRE(probability > 0.55);
  REQUIRE(probability < 0.95);
  int fruits = 0, cold = 0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    const auto seed = static_cast<std::uint64_t>(i);
    const Answer answer = trainer.generate(run, {"apple", 1.0, seed});
    CHECK(answer.probability == Approx(answer.text == "fruit" ? probability : 1 - probability));
    fruits += answer.text == "fruit" ? 1 : 0;
    cold += trainer.generate(run, {"apple", 1e-9, seed}).text == "fruit" ? 1 : 0;
  }
  CHECK(fruits / double{kDraws} == Approx(probability).margin(0.04));
  CHECK(cold == kDraws);
  CHECK(trainer.generate(run, {"apple", 1.0, 77}) == trainer.generate(run, {"apple", 1.0, 77}));
}

TEST_CASE_METHOD(World, "a run that diverges says so, and takes no such step") {
  files.readable["long"] = std::string(10'000, 'x');
  const std::uint64_t run =
      trainer.open({.data = {"fruit", "long"}, .options = {{"learning_rate", 1e37}, {"batch", 1}}});
  const Failed failed = failure([&] { trainer.step(run, 100'000); });
  CHECK(failed.status == BH_DATA_INVALID);
  CHECK_THAT(failed.message, Contains("diverged") && Contains("learning rate"));
  const Steps stands = trainer.step(run, 0);
  CHECK(std::isfinite(stands.loss));
  CHECK_THAT(failed.message, Contains("After step " + std::to_string(stands.step) + " "));
  CHECK(failure([&] { trainer.step(run, 1); }).status == BH_DATA_INVALID);
  CHECK(trainer.step(run, 0) == stands);
}

}  // namespace
}  // namespace bulkhead::testing
