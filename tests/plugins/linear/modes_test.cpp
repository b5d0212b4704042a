// linear through the host, in process and in a cell: the client, files that are granted by path,
// and that both modes give the same.
#include <csignal>
#include <thread>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <bulkhead/trainer_client.hpp>

#include "tests/fixture/both_modes.hpp"
#include "tests/plugins/linear/real_text.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// Both hosts: files of the test, and a trainer on them.
template <class Base>
struct Trained : Base {
  Trained() {
    for (const auto& [label, text] : bulkhead::testing::real_text()) {
      data.push_back({label, this->folder().write(label + ".txt", text).string()});
    }
  }
  std::string path(const std::string& name) const {
    return (this->folder().path() / name).string();
  }
  RunOptions options(std::uint64_t seed = 1, Config more = {}) const {
    more.emplace("dimension", std::int64_t{4096});
    return {.data = data, .seed = seed, .options = std::move(more)};
  }

  std::vector<TrainingData> data;
};

struct Modes : Trained<BothModes> {
  TrainerClient open() { return TrainerClient(load("linear").open()); }
};
struct Either : Trained<TestHost> {
  TrainerClient open(Isolation isolation) {
    return TrainerClient(load("linear", isolation).open());
  }
};

TEST_CASE_METHOD(Modes, "every method works, on files that are named by path") {
  const TrainerClient trainer = open();
  CHECK(trainer.info().name == "linear");
  CHECK_THAT(trainer.info().description, Contains("regression"));
  TrainerRun run = trainer.open_run(options(1, {{"evaluate_every", std::int64_t{500}}}));
  const StepReport first = run.step(500);
  CHECK(first.step == 500);
  CHECK(first.samples > 7'000);
  CHECK(!first.paused);
  const auto points = run.metrics();
  REQUIRE(points.size() == 52);
  CHECK(points.back().number == 52);
  CHECK(points[50].name == "accuracy");
  CHECK(points[50].value > 0.8);
  CHECK(run.generate("for (int i = 0; i < 3; ++i) {").answer == "code");

  const Checkpoint written = run.checkpoint(path("kept"));
  CHECK(written.step == 500);
  CHECK(written.bytes == std::filesystem::file_size(path("kept")));
  const StepReport later = run.step(100);
  CHECK(run.restore(path("kept")).step == 500);
  CHECK(run.step(100).loss == later.loss);
  run.checkpoint(path("kept"));  // replaces it
  run.close();
  CHECK(failure_of([&] { run.step(1); }).status == Status::not_found);
}

TEST_CASE_METHOD(Either, "a run is the same in both modes, and goes on in the other one") {
  const auto once = [&](Isolation isolation) {
    const TrainerClient trainer = open(isolation);
    RunOptions how = options();
    how.threads = isolation == Isolation::cell ? 3 : 1;  // nor do threads make a difference
    TrainerRun run = trainer.open_run(how);
    run.step(150);
    const std::string file = path(std::string("at150-") + isolation_name(isolation));
    run.checkpoint(file);
    return std::tuple(read_file(file), run.metrics(),
                      run.generate("permitted by law", {.seed = 3, .temperature = 2}).answer);
  };
  const auto [here, there] = in_both(once);
  CHECK(here == there);
  CHECK(std::get<0>(here).size() > 4096 * 3 * 4);
  const auto [on_here, on_there] = in_both([&](Isolation isolation) {
    const TrainerClient trainer = open(isolation);
    TrainerRun run = trainer.open_run(options());
    // What the other mode wrote.
    const bool cell = isolation == Isolation::cell;
    run.restore(path(cell ? "at150-in-process" : "at150-cell"));
    return run.step(50).loss;
  });
  CHECK(on_here == on_there);
}

TEST_CASE_METHOD(Either, "errors are the same in both modes, word for word") {
  folder().write("junk", "no checkpoint");
  const auto compare = [&](const std::function<void(const TrainerClient&)>& call, Status status,
                           const std::string& words) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const TrainerClient trainer = open(isolation);
      return failure_of([&] { call(trainer); });
    });
    INFO(here << "\n" << there);
    CHECK(here == there);
    CHECK(here.status == status);
    CHECK_THAT(here.message, Contains(words));
  };
  const auto on_run = [&](const std::function<void(TrainerRun&)>& body) {
    return [&, body](const TrainerClient& trainer) {
      TrainerRun run = trainer.open_run(options());
      body(run);
    };
  };
  compare([&](const TrainerClient& trainer) { trainer.open_run({}); }, Status::invalid_argument,
          "linear 1.0.0: open_run: The data is one file for each class");
  compare(
      [&](const TrainerClient& trainer) {
        trainer.open_run(options(1, {{"dimensoin", std::int64_t{1}}}));
      },
      Status::invalid_argument, "dimensoin");
  compare(
      [&](const TrainerClient& trainer) {
        trainer.open_run(options(1, {{"max_data_bytes", std::int64_t{1000}}}));
      },
      Status::resource_exhausted, "max_data_bytes");
  compare(
      [&](const TrainerClient& trainer) {
        std::vector<TrainerRun> runs;
        for (int i = 0; i < 17; ++i) runs.push_back(trainer.open_run(options()));
      },
      Status::overloaded, "16 runs");
  compare(on_run([&](TrainerRun& run) { run.generate("x", {.max_bytes = 1}); }),
          Status::invalid_argument, "is not cut");
  compare(on_run([&](TrainerRun& run) { run.metrics(0, 0, -1s); }), Status::invalid_argument,
          "negative");
  compare(on_run([&](TrainerRun& run) { run.restore(path("junk")); }), Status::data_invalid,
          path("junk") + " is no checkpoint");
  compare(on_run([&](TrainerRun& run) { run.restore(path("nothing")); }), Status::not_found,
          path("nothing"));
  compare(on_run([&](TrainerRun& run) { run.checkpoint(path("no/folder")); }), Status::not_found,
          path("no/folder"));
  compare(
      [&](const TrainerClient& trainer) {
        trainer.open_run({.data = {{"a", path("junk")}, {"ab", path("nothing")}}});
      },
      Status::not_found, path("nothing"));
}

TEST_CASE_METHOD(Modes, "what a call was lent is taken back at its end") {
  const TrainerClient trainer = open();
  TrainerRun run = trainer.open_run(options());
  run.checkpoint(path("kept"));
  for (int i = 1; i < 200; ++i) {
    // Names as the client makes them; none is still granted.
    const std::string name = "checkpoint-" + std::to_string(i);
    Instance instance = trainer.instance();
    const std::string params = nlohmann::json{{"run", run.handle()}, {"file", name}}.dump();
    CHECK(failure_of([&] { instance.call_json(BH_TRAINER_1, "checkpoint", params); }).status ==
          Status::permission_denied);
  }
}

TEST_CASE_METHOD(Modes, "methods are called by name with JSON") {
  Instance instance = load("linear").open();
  for (const TrainingData& file : data) {
    instance.grant_file(file.name, file.path, FileAccess::read);
  }
  instance.grant_file("kept", path("kept"), FileAccess::write);
  const auto call = [&](const char* method, const nlohmann::json& params) {
    return nlohmann::json::parse(instance.call_json(BH_TRAINER_1, method, params.dump()));
  };
  CHECK(call("info", nlohmann::json::object())["name"] == "linear");
  const auto run =
      call("open_run",
           {{"data", {"licence", "code", "manual"}},
            {"seed", 1},
            {"options",
             {{{"key", "dimension"}, {"type", BH_VALUE_INTEGER}, {"integer", 4096}}}}})["run"];
  CHECK(call("step", {{"run", run}, {"steps", 300}})["step"] == 300);
  CHECK(call("metrics", {{"run", run}, {"maxPoints", 2}})["points"].size() == 2);
  CHECK(call("checkpoint", {{"run", run}, {"file", "kept"}})["step"] == 300);
  CHECK(call("generate", {{"run", run}, {"prompt", "#include <vector>"}})["answer"] == "code");
  CHECK(call("pause", {{"run", run}}).empty());
  instance.grant_file("kept", path("kept"), FileAccess::read);
  CHECK(call("restore", {{"run", run}, {"file", "kept"}})["step"] == 300);
  CHECK(call("close_run", {{"run", run}}).empty());
  CHECK(failure_of([&] {
          call("step", {{"run", run}, {"steps", 1}});
        }).status == Status::not_found);
}

TEST_CASE_METHOD(Modes, "progress comes in order, to the last step") {
  const TrainerClient trainer = open();
  TrainerRun run = trainer.open_run(options());
  std::vector<std::uint64_t> seen;
  CallOptions call;
  call.progress = [&](std::uint64_t done, std::uint64_t total) {
    CHECK(total == 400);
    seen.push_back(done);
  };
  run.step(400, call);
  REQUIRE(!seen.empty());
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(seen.back() == 400);
}

TEST_CASE_METHOD(Modes, "steps that are cancelled or out of time count, and the run goes on") {
  const TrainerClient trainer = open();
  TrainerRun run = trainer.open_run(options());
  CancelSource cancel;
  std::thread canceller([&] {
    run.metrics(0, 1, 60s);  // a few steps are taken by then
    cancel.cancel();
  });
  CallOptions call;
  call.cancel = &cancel;
  CHECK(failure_of([&] { run.step(UINT64_MAX, call); }).status == Status::cancelled);
  canceller.join();
  const std::uint64_t taken = run.step(0).step;
  CHECK(taken > 0);
  CallOptions late;
  late.timeout = 100ms;
  CHECK(failure_of([&] { run.step(UINT64_MAX, late); }).status == Status::deadline_exceeded);
  CHECK(run.step(1).step > taken);
  CHECK(failure_of([&] { run.metrics(UINT64_MAX - 1, 0, 60s, late); }).status ==
        Status::deadline_exceeded);
}

TEST_CASE_METHOD(Modes, "steps run in the background, watched, saved, and paused") {
  const TrainerClient trainer = open();
  TrainerRun run = trainer.open_run(options());
  CallOptions long_call;
  long_call.timeout = 10min;
  std::future<StepReport> steps = run.step_async(UINT64_MAX, long_call);
  std::uint64_t after = 0;
  for (int i = 0; i < 20; ++i) {
    const auto points = run.metrics(after, 0, 60s);
    REQUIRE(!points.empty());
    CHECK(points.front().number == after + 1);
    after = points.back().number;
  }
  CHECK(failure_of([&] { run.step(1); }).status == Status::overloaded);
  CHECK(run.checkpoint(path("while")).step > 0);
  CHECK(!run.generate("warranty").answer.empty());
  run.pause();
  const StepReport report = steps.get();
  CHECK(report.paused);
  CHECK(report.step >= after);
  TrainerRun other = trainer.open_run(options());
  CHECK(other.restore(path("while")).step <= report.step);
  std::future<StepReport> failing = run.step_async(UINT64_MAX, long_call);
  run.metrics(after, 1, 60s);
  run.close();
  CHECK(failure_of([&] { failing.get(); }).status == Status::not_found);
}

TEST_CASE_METHOD(Modes, "prompts are empty, large, and any bytes") {
  const TrainerClient trainer = open();
  TrainerRun run = trainer.open_run(options());
  run.step(50);
  CHECK(run.generate("").probability > 0);
  CHECK(run.generate(std::string("\0\xff\xfe", 3)).probability > 0);
  CHECK(run.generate(std::string(20'000'000, 'x')).probability > 0);
}

TEST_CASE_METHOD(Either, "after a crash a run is not found, and its checkpoint goes on") {
  Plugin plugin = load("linear", Isolation::cell);
  const TrainerClient trainer(plugin.open());
  TrainerRun run = trainer.open_run(options());
  run.step(100);
  run.checkpoint(path("kept"));
  const double next = run.step(20).loss;
  const int first = plugin.process();
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(eventually([&] { return plugin.process() != first; }));
  TrainerRun young = trainer.open_run(options());
  CHECK(failure_of([&] { run.step(1); }).status == Status::not_found);
  CHECK(young.restore(path("kept")).step == 100);
  CHECK(young.step(20).loss == next);
}

TEST_CASE_METHOD(Modes, "a plugin of another kind is no trainer") {
  const Failure failure = failure_of([&] { TrainerClient(load("throws").open()); });
  CHECK(failure.status == Status::unsupported);
  CHECK_THAT(failure.message, Contains("no trainer"));
}

}  // namespace
