// trainer.*: the sentences of bulkhead/abi/draft/trainer.h.
#include <bulkhead/abi/draft/trainer.h>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

constexpr std::uint64_t kSteps = 5;

// A run of the trainer, made by the first open_run of check/check.toml: what a trainer learns from,
// only its author knows.
class Training {
 public:
  explicit Training(Subject& subject) : run_(subject), open_(plan(subject)) {}

  std::uint64_t open() { return run_.must(open_)["run"].get<std::uint64_t>(); }
  json step(std::uint64_t run, std::uint64_t steps = kSteps) {
    return must("step", {{"run", run}, {"steps", steps}});
  }
  json metrics(std::uint64_t run, std::uint64_t after = 0) {
    return must("metrics", {{"run", run}, {"after", after}})["points"];
  }
  json must(const char* method, const json& params) {
    return run_.must(BH_TRAINER_1, method, params);
  }
  json checkpoint(std::uint64_t run, const std::string& name) {
    return run_.must({BH_TRAINER_1, "checkpoint", {{"run", run}, {"file", name}}, {}, {name}});
  }
  json restore(std::uint64_t run, const std::string& name) {
    return run_.must({BH_TRAINER_1,
                      "restore",
                      {{"run", run}, {"file", name}},
                      {{name, run_.written(name)}},
                      {}});
  }
  Run& cell() { return run_; }

 private:
  static PlannedCall plan(Subject& subject) {
    for (const PlannedCall& call : planned_calls(subject)) {
      if (call.interface == BH_TRAINER_1 && call.method == "open_run") return call;
    }
    throw Skip{"check/check.toml has no call of open_run: docs/check.md"};
  }

  Run run_;
  PlannedCall open_;
};

void counts(Subject& subject, Notes&) {
  Training training(subject);
  const std::uint64_t run = training.open();
  const json first = training.step(run), second = training.step(run);
  if (first["step"] != kSteps || second["step"] != 2 * kSteps ||
      second["samples"].get<std::uint64_t>() < first["samples"].get<std::uint64_t>())
    throw Violation{"",
                    "two times " + std::to_string(kSteps) + " steps give " + first.dump() +
                        " and " + second.dump(),
                    "`step` and `samples` count all that the run has taken"};
}

void same_seed(Subject& subject, Notes&) {
  Training training(subject), other(subject);
  const json one = training.step(training.open()), two = training.step(training.open());
  const json elsewhere = other.step(other.open());
  if (one != two || one != elsewhere)
    throw Violation{
        "", "the same run gives " + one.dump() + ", " + two.dump() + " and " + elsewhere.dump(),
        "the same seed, data and options give the same run"};
}

void restores(Subject& subject, Notes&) {
  Training training(subject);
  const std::uint64_t first = training.open();
  training.step(first);
  training.checkpoint(first, "checkpoint");
  const json expected = training.step(first);
  const std::uint64_t second = training.open();
  training.step(second, kSteps + 3);
  const json restored = training.restore(second, "checkpoint");
  const json got = training.step(second);
  if (restored["step"] != kSteps || got != expected)
    throw Violation{"",
                    "after a checkpoint the run gives " + expected.dump() + ", a restored one " +
                        got.dump() + " (restored at step " + restored["step"].dump() + ")",
                    "put the whole state into a checkpoint: weights, position, random numbers"};
}

void broken_checkpoint(Subject& subject, Notes&) {
  Training training(subject);
  const std::uint64_t run = training.open();
  training.step(run);
  training.checkpoint(run, "checkpoint");
  const std::string good = read_file(training.cell().written("checkpoint"), std::size_t{1} << 30);
  for (const std::string& bad : {std::string(), good.substr(0, good.size() / 2), "x" + good}) {
    const std::string path = subject.scratch().write("broken", bad);
    const Answer answer = training.cell().call(
        {BH_TRAINER_1, "restore", {{"run", run}, {"file", "broken"}}, {{"broken", path}}, {}});
    if (answer.status != Status::data_invalid && answer.status != Status::version_mismatch)
      throw Violation{"",
                      "a broken checkpoint of " + std::to_string(bad.size()) +
                          " bytes is restored with " + status_name(answer.status),
                      "check sizes and sums; BH_DATA_INVALID, and the run stays as it was"};
  }
  if (training.step(run)["step"] != 2 * kSteps)
    throw Violation{"", "a restore that failed changed the run",
                    "on an error the run stays as it was"};
}

void metrics(Subject& subject, Notes& notes) {
  Training training(subject);
  const std::uint64_t run = training.open();
  training.step(run, 50);
  const json points = training.metrics(run);
  notes.figures = {{"points", static_cast<double>(points.size())}};
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i]["number"] != points[0]["number"].get<std::uint64_t>() + i)
      throw Violation{"", "the numbers of metrics have gaps: " + call_text("", points),
                      "number them from 1 without gaps"};
  }
  if (points.empty()) return;
  const json rest = training.metrics(run, points.back()["number"].get<std::uint64_t>());
  if (!rest.empty())
    throw Violation{"", "after the last point there are " + std::to_string(rest.size()) + " more",
                    "`after` is the number of the last point that the caller has"};
}

void closed(Subject& subject, Notes&) {
  Training training(subject);
  const std::uint64_t run = training.open();
  training.must("close_run", {{"run", run}});
  const Answer answer = training.cell().call(BH_TRAINER_1, "step", {{"run", run}, {"steps", 1}});
  if (answer.status != Status::not_found)
    throw Violation{"", "a step of a closed run gives " + status_name(answer.status),
                    "a run that was closed is BH_NOT_FOUND"};
}

void progress(Subject& subject, Notes& notes) {
  Training training(subject);
  const std::uint64_t run = training.open();
  std::uint64_t last = 0;
  double seen = 0;
  std::string wrong;
  CallOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    ++seen;
    if (done < last || (total != 0 && done > total))
      wrong =
          std::to_string(done) + " of " + std::to_string(total) + " after " + std::to_string(last);
    last = done;
  };
  training.cell().call(BH_TRAINER_1, "step", {{"run", run}, {"steps", 200}}, options);
  notes.figures = {{"reports", seen}};
  if (!wrong.empty())
    throw Violation{"", "progress goes " + wrong, "progress is in steps, and only grows"};
}

constexpr const char* kTrainer = "bulkhead/abi/draft/trainer.h";

constexpr Case kCases[] = {
    {{"trainer.steps", "step() counts steps and samples.", kTrainer}, counts, BH_TRAINER_1},
    {{"trainer.same_seed", "The same seed, data and options give the same run.", kTrainer},
     same_seed,
     BH_TRAINER_1},
    {{"trainer.restore", "A restored run goes on as the one that wrote the checkpoint.", kTrainer},
     restores,
     BH_TRAINER_1},
    {{"trainer.broken_checkpoint", "A broken checkpoint is refused, and the run stays as it was.",
      kTrainer},
     broken_checkpoint,
     BH_TRAINER_1},
    {{"trainer.metrics", "Metrics are numbered without gaps, and a reader can resume.", kTrainer},
     metrics,
     BH_TRAINER_1},
    {{"trainer.progress", "Progress only grows, and never above its total.", kTrainer},
     progress,
     BH_TRAINER_1},
    {{"trainer.closed_run", "A closed run is not found.", kTrainer}, closed, BH_TRAINER_1},
};

}  // namespace

std::span<const Case> trainer_cases() { return kCases; }

}  // namespace bulkhead::check
