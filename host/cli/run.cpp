// bulkhead run PIPELINE.toml
#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "installation.hpp"
#include "pipeline.hpp"
#include "record.hpp"
#include "registry/manifest/toml_reader.hpp"
#include "session.hpp"
#include "step_call.hpp"

namespace bulkhead::cli {
namespace {

constexpr std::size_t kSideBySide = 2;
using Clock = std::chrono::steady_clock;

// The bytes of an input and what the record says about them.
struct Input {
  std::shared_ptr<const std::string> bytes;
  DataRecord record;
  std::string name;  // for messages
};

void refuse_difference(const Input& left, const Input& right) {
  const std::string& a = *left.bytes;
  const std::string& b = *right.bytes;
  if (a == b) return;
  const auto at = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  throw Failure(Exit::failed, "different",
                left.name + " (" + std::to_string(a.size()) + " bytes) and " + right.name + " (" +
                    std::to_string(b.size()) + " bytes) differ, first at byte " +
                    std::to_string(at) + ".");
}

// Runs the steps of one pipeline, those that are ready at most two side by side.
class PipelineRun {
 public:
  PipelineRun(Session& session, const Pipeline& pipeline, std::optional<Isolation> isolation,
              bool develop)
      : session_(session),
        pipeline_(pipeline),
        calls_(session, pipeline, isolation, develop),
        results_(pipeline.steps.size()),
        readers_(pipeline.steps.size()),
        states_(pipeline.steps.size(), State::waiting),
        users_(pipeline.instances.size()) {
    check_plugins();
    record.steps.resize(pipeline.steps.size());
    for (const Step& step : pipeline.steps) {
      for (const std::size_t read : step.results_read()) ++readers_[read];
      if (step.instance) ++users_[*step.instance];
    }
  }

  RunRecord record;

  // The first failure, or nothing.
  std::optional<Failure> run() {
    record.started = std::chrono::system_clock::now();
    {
      std::array<std::jthread, kSideBySide> workers;
      for (std::jthread& worker : workers) worker = std::jthread([this] { work(); });
    }
    record.ended = std::chrono::system_clock::now();
    if (session_.interrupts.requested()) {
      record.status = "interrupted";
      try {
        session_.interrupts.check();
      } catch (const Failure& interrupted) {
        return interrupted;
      }
    }
    record.status = failure_ ? "failed" : "ok";
    return failure_;
  }

 private:
  enum class State { waiting, running, done };

  // Before the first step runs: a plugin that is missing is not found after an hour.
  void check_plugins() {
    const std::vector<PluginInfo> plugins =
        attempt(session_, Doing::opening_host, [&] { return calls_.host().list(); });
    for (const Step& step : pipeline_.steps) {
      if (step.compares()) continue;
      try {
        step.check_method(find_plugin(plugins, step.plugin, step.range));
      } catch (const Failure& failure) {
        std::string sentence = failure.what();
        if (!sentence.ends_with('.') && !sentence.ends_with('?')) sentence += ".";
        throw Failure(failure.exit(), failure.status(),
                      "step \"" + step.name + "\": " + sentence + " No step was run.");
      }
    }
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      std::optional<std::size_t> next;
      changed_.wait(lock, [&] {
        next = ready();
        return next || finished();
      });
      if (!next) return;
      states_[*next] = State::running;
      lock.unlock();
      perform(*next);
      lock.lock();
      states_[*next] = State::done;
      changed_.notify_all();
    }
  }

  bool stopped() const { return failure_ || session_.interrupts.requested(); }

  // Nothing will ever be ready again.
  bool finished() const {
    return stopped() || std::none_of(states_.begin(), states_.end(),
                                     [](State state) { return state == State::waiting; });
  }

  std::optional<std::size_t> ready() const {
    if (stopped()) return std::nullopt;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] != State::waiting) continue;
      const std::vector<std::size_t>& after = pipeline_.steps[i].after;
      if (std::all_of(after.begin(), after.end(),
                      [&](std::size_t before) { return states_[before] == State::done; }))
        return i;
    }
    return std::nullopt;
  }

  // Runs a step; what became of it is in its record.
  void perform(std::size_t index) {
    const Step& step = pipeline_.steps[index];
    StepRecord& record = this->record.steps[index];
    record.started = std::chrono::system_clock::now();
    const Clock::time_point start = Clock::now();
    if (!session_.progress.bars()) session_.progress.line(step.name + ": started");
    try {
      try {
        make(index, record);
        record.status = StepStatus::ok;
      } catch (const Failure&) {
        throw;
      } catch (const std::bad_alloc&) {
        throw Failure(Exit::failed, "out_of_memory",
                      "there is not enough memory for the data of this step.");
      } catch (const std::exception& error) {
        throw Failure(Exit::failed, "internal", error.what());
      }
    } catch (const Failure& failure) {
      fail(step, record, failure);
    }
    record.duration = Clock::now() - start;
    if (!session_.progress.bars() && record.status == StepStatus::ok)
      session_.progress.line(step.name + ": done, " +
                             bytes_text(static_cast<double>(record.bytes_in())) + " in " +
                             seconds_text(record.seconds()));
  }

  void fail(const Step& step, StepRecord& record, const Failure& failure) {
    record.error_status = failure.status();
    record.error = failure.what();
    const std::lock_guard lock(mutex_);
    if (stopped()) {
      record.status = StepStatus::cancelled;
      return;
    }
    record.status = StepStatus::failed;
    failure_.emplace(failure.exit(), failure.status(),
                     "step \"" + step.name + "\": " + failure.what());
    session_.interrupts.cancel().cancel();
    changed_.notify_all();
  }

  void make(std::size_t index, StepRecord& record) {
    const Step& step = pipeline_.steps[index];
    std::vector<Input> inputs;
    for (const Source& source : step.inputs) {
      inputs.push_back(fetch(source));
      record.inputs.push_back(inputs.back().record);
    }
    if (step.compares()) {
      refuse_difference(inputs[0], inputs[1]);
    } else {
      const Input* const input = inputs.empty() ? nullptr : &inputs.front();
      auto bytes = std::make_shared<const std::string>(
          calls_.make(step, record, input ? input->bytes.get() : nullptr, input ? input->name : "",
                      filled_params(step)));
      DataRecord output{step.output, "", sha256(*bytes), bytes->size()};
      if (!step.output.empty()) store(step, *bytes);
      record.output = std::move(output);
      const std::lock_guard lock(mutex_);
      if (readers_[index] > 0) results_[index] = std::move(bytes);
    }
    release(step);
  }

  Input fetch(const Source& source) {
    if (!source.is_result()) {
      auto bytes =
          std::make_shared<const std::string>(read_input(source.path, session_.interrupts));
      DataRecord record{source.path, "", sha256(*bytes), bytes->size()};
      return {std::move(bytes), std::move(record), "\"" + source.text + "\""};
    }
    const std::lock_guard lock(mutex_);
    DataRecord record = *this->record.steps[*source.step].output;
    record.path.clear();
    record.step = pipeline_.steps[*source.step].name;
    return {results_[*source.step], std::move(record),
            "the result of step " + source.text.substr(1)};
  }

  // The parameters with the fields of other steps' results.
  std::optional<std::string> filled_params(const Step& step) {
    if (!step.params) return std::nullopt;
    std::string params = *step.params;
    for (auto at = step.references.rbegin(); at != step.references.rend(); ++at)
      params.insert(at->at, field(*at));
    return params;
  }

  std::string field(const Reference& reference) {
    std::shared_ptr<const std::string> result;
    {
      const std::lock_guard lock(mutex_);
      result = results_[reference.step];
    }
    const auto document = nlohmann::json::parse(*result, nullptr, false);
    if (document.is_object() && document.contains(reference.field))
      return document[reference.field].dump();
    std::vector<std::string> fields;
    if (document.is_object())
      for (const auto& item : document.items()) fields.push_back(item.key());
    throw Failure(Exit::bad_input, "data_invalid",
                  "the result of step \"" + pipeline_.steps[reference.step].name +
                      "\" has no field " + manifest::quoted(reference.field) +
                      manifest::did_you_mean(reference.field, fields) +
                      " It has: " + manifest::listed(fields) + ".");
  }

  // Results that no step will read any more, and the instance that no step will call.
  void release(const Step& step) {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      for (const std::size_t read : step.results_read())
        if (--readers_[read] == 0) results_[read].reset();
      last = step.instance && --users_[*step.instance] == 0;
    }
    if (last) calls_.close(*step.instance);
  }

  void store(const Step& step, std::string_view bytes) {
    AtomicFile file(step.output);
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, std::size_t{8} << 20);
      session_.interrupts.check();
      file.write(piece);
      bytes.remove_prefix(piece.size());
    }
    file.commit();
  }

  Session& session_;
  const Pipeline& pipeline_;
  StepCalls calls_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::shared_ptr<const std::string>> results_;
  std::vector<std::size_t> readers_;  // steps that still want the result
  std::vector<State> states_;
  std::vector<std::size_t> users_;  // steps that still want the shared instance
  std::optional<Failure> failure_;
};

void show(Output& output, const Pipeline& pipeline, const RunRecord& record) {
  Table table({"STEP", "STATUS", "PLUGIN", "ISOLATION", "LEVEL", "IN", "OUT", "TIME", "RATE"});
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    const Step& step = pipeline.steps[i];
    const StepRecord& made = record.steps[i];
    const bool ok = made.status == StepStatus::ok;
    const double in = static_cast<double>(made.bytes_in());
    table.add({step.name, step_status_name(made.status),
               step.compares() ? "compare" : step.plugin + " " + made.version,
               made.isolation ? isolation_name(*made.isolation) : "-",
               made.isolation ? std::to_string(made.level.number) : "-",
               made.inputs.empty() ? "-" : bytes_text(in),
               made.output ? bytes_text(static_cast<double>(made.output->bytes)) : "-",
               made.started ? seconds_text(made.seconds()) : "-",
               ok && in > 0 && made.seconds() > 0 ? bytes_text(in / made.seconds()) + "/s" : "-"},
              made.status == StepStatus::failed ? Colour::red
              : ok                              ? Colour::plain
                                                : Colour::dim);
  }
  table.print(output);
}

}  // namespace

void run(Session& session, const RunOptions& options) {
  const std::optional<Isolation> isolation = parse_isolation(options.isolation);
  const Pipeline pipeline = [&] {
    try {
      return Pipeline::read(options.pipeline, parse_pairs(options.set, "--set"));
    } catch (const manifest::FileError& error) {
      throw Failure(Exit::bad_input, "data_invalid", error.what());
    }
  }();
  const std::string record_path =
      options.record.empty()
          ? std::filesystem::path(options.pipeline).replace_extension(".run.json").string()
          : options.record;
  AtomicFile record_file(record_path);  // before the work: a wrong path shows at once

  PipelineRun pipeline_run(session, pipeline, isolation, options.develop);
  const std::optional<Failure> failure = pipeline_run.run();
  auto document = pipeline_run.record.document(pipeline);
  record_file.write(document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                    "\n");
  record_file.commit();

  if (session.output.json()) {
    if (failure) document["error"] = {{"status", failure->status()}, {"message", failure->what()}};
    session.output.document(document);
  } else {
    show(session.output, pipeline, pipeline_run.record);
    session.progress.line("record: " + record_path);
  }
  if (failure) throw *failure;
}

}  // namespace bulkhead::cli
