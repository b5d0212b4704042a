#include <bulkhead/trainer_client.hpp>

#include <atomic>
#include <utility>

#include "host/runtime/client.hpp"
#include "host/runtime/config_entry.hpp"

namespace bulkhead {
namespace {

using host::sized;

bh_text borrow(std::string_view text) { return {text.data(), text.size()}; }
std::string take(const bh_text& text) { return {text.data, text.size}; }

StepReport take(const bh_trainer_step_result& result) {
  return {result.paused != 0, result.step, result.samples, result.loss};
}

// A name that no other call of this process grants, so that calls side by side don't meet.
std::string fresh_name(const char* what) {
  static std::atomic<std::uint64_t> next{1};
  return std::string(what) + "-" + std::to_string(next.fetch_add(1));
}

// Files that the plugin may use as long as this lives.
class Grants {
 public:
  explicit Grants(Instance instance) : instance_(std::move(instance)) {}
  ~Grants() {
    for (const File& file : files_) instance_.revoke_file(file.name);
  }
  Grants(const Grants&) = delete;
  Grants& operator=(const Grants&) = delete;

  void add(std::string name, const std::string& path, FileAccess access) {
    instance_.grant_file(name, path, access);
    files_.push_back({std::move(name), path});
  }
  // Runs body(); an error of the plugin or of the host then speaks of paths, not of the names here.
  template <class Body>
  auto run(Body&& body) const {
    try {
      return body();
    } catch (const Error& error) {
      throw Error(error.status(), with_paths(error.what()));
    }
  }

 private:
  struct File {
    std::string name, path;
  };
  // Where one name begins as another one does, the longer one is meant.
  const File* longest_at(std::string_view text) const {
    const File* found = nullptr;
    for (const File& file : files_) {
      if (text.starts_with(file.name) &&
          (found == nullptr || file.name.size() > found->name.size())) {
        found = &file;
      }
    }
    return found;
  }
  std::string with_paths(std::string_view message) const {
    std::string text;
    while (!message.empty()) {
      const File* file = longest_at(message);
      text += file == nullptr ? message.substr(0, 1) : std::string_view(file->path);
      message.remove_prefix(file == nullptr ? 1 : file->name.size());
    }
    return text;
  }

  Instance instance_;
  std::vector<File> files_;
};

// Steps under way: everything that must live until their completion.
struct PendingSteps {
  PendingSteps(Instance of, const CallOptions& options)
      : instance(std::move(of)), call(HostAccess::plugin(instance), options) {}

  static void complete(void* user, bh_status status) {
    const std::unique_ptr<PendingSteps> self(static_cast<PendingSteps*>(user));
    if (status == BH_OK) {
      self->promise.set_value(take(self->result));
    } else {
      self->promise.set_exception(
          std::make_exception_ptr(Error(static_cast<Status>(status), self->call.error())));
    }
  }

  Instance instance;
  host::Call call;
  bh_trainer_step_result result = sized<bh_trainer_step_result>();
  std::promise<StepReport> promise;
};

}  // namespace

TrainerClient::TrainerClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_trainer_v1>(instance_, BH_TRAINER_1, "trainer")) {}

TrainerInfo TrainerClient::info(const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  const auto params = sized<bh_empty>();
  auto result = sized<bh_trainer_info_result>();
  call.check(table_->info(&call, instance_.handle(), &params, &result));
  return {take(result.name), take(result.description)};
}

TrainerRun TrainerClient::open_run(const RunOptions& options,
                                   const CallOptions& call_options) const {
  const std::string folder = fresh_name("data") + "/";
  std::vector<std::string> names;
  Grants grants(instance_);
  for (const TrainingData& file : options.data) {
    names.push_back(folder + file.name);
    grants.add(names.back(), file.path, FileAccess::read);
  }
  std::vector<bh_text> data;
  for (const std::string& name : names) data.push_back(borrow(name));
  std::vector<bh_config_entry> entries;
  for (const auto& [key, value] : options.options)
    entries.push_back(host::config_entry(key, value));

  host::Call call(HostAccess::plugin(instance_), call_options);
  auto params = sized<bh_trainer_open_params>();
  params.threads = options.threads;
  params.seed = options.seed;
  params.data = data.data();
  params.data_count = data.size();
  params.options = entries.data();
  params.option_count = entries.size();
  auto result = sized<bh_trainer_run_result>();
  grants.run([&] { call.check(table_->open_run(&call, instance_.handle(), &params, &result)); });
  return TrainerRun(*this, result.run);
}

TrainerRun::TrainerRun(TrainerClient trainer, std::uint64_t run)
    : trainer_(std::make_unique<TrainerClient>(std::move(trainer))), run_(run) {}
TrainerRun::TrainerRun(TrainerRun&& other) noexcept
    : trainer_(std::move(other.trainer_)), run_(std::exchange(other.run_, 0)) {}
TrainerRun& TrainerRun::operator=(TrainerRun&& other) noexcept {
  std::swap(trainer_, other.trainer_);
  std::swap(run_, other.run_);
  return *this;
}

TrainerRun::~TrainerRun() {
  if (run_ == 0) return;
  try {
    close();
  } catch (const std::exception&) {
    // The plugin is gone, or the host: the run went with it.
  }
}

void TrainerRun::check_open(const char* name) const {
  if (run_ == 0) throw Error(Status::not_found, std::string(name) + ": the run is closed");
}

template <class Result, class Method, class Params, class Take>
auto TrainerRun::call(Method method, const char* name, Params params, const CallOptions& options,
                      Take&& take_over) const {
  check_open(name);
  params.run = run_;
  const Instance& instance = trainer_->instance();
  host::Call context(HostAccess::plugin(instance), options);
  auto result = sized<Result>();
  context.check((trainer_->table_->*method)(&context, instance.handle(), &params, &result));
  return take_over(result);  // what it points to goes with the context
}

StepReport TrainerRun::step(std::uint64_t steps, const CallOptions& options) {
  auto params = sized<bh_trainer_step_params>();
  params.steps = steps;
  return call<bh_trainer_step_result>(&bh_trainer_v1::step, "step", params, options,
                                      [](const auto& result) { return take(result); });
}

std::future<StepReport> TrainerRun::step_async(std::uint64_t steps, const CallOptions& options) {
  check_open("step");
  const Instance& instance = trainer_->instance();
  auto params = sized<bh_trainer_step_params>();
  params.run = run_;
  params.steps = steps;
  auto pending = std::make_unique<PendingSteps>(instance, options);
  std::future<StepReport> future = pending->promise.get_future();
  PendingSteps* const raw = pending.release();  // its completion may run before submit returns
  const bh_status status =
      trainer_->table_->submit(&raw->call, instance.handle(), BH_TRAINER_STEP, &params,
                               &raw->result, {&PendingSteps::complete, raw});
  if (status != BH_OK) {
    pending.reset(raw);
    pending->call.check(status);
  }
  return future;
}

void TrainerRun::pause(const CallOptions& options) {
  call<bh_empty>(&bh_trainer_v1::pause, "pause", sized<bh_trainer_run_params>(), options,
                 [](const bh_empty&) {});
}

std::vector<MetricPoint> TrainerRun::metrics(std::uint64_t after, std::uint32_t most,
                                             std::chrono::nanoseconds wait,
                                             const CallOptions& options) {
  auto params = sized<bh_trainer_metrics_params>();
  params.max_points = most;
  params.after = after;
  params.wait_ns = wait.count();
  return call<bh_trainer_metrics_result>(
      &bh_trainer_v1::metrics, "metrics", params, options, [](const auto& result) {
        std::vector<MetricPoint> points;
        points.reserve(result.point_count);
        for (std::size_t i = 0; i < result.point_count; ++i) {
          const bh_trainer_metric& point = result.points[i];
          points.push_back({take(point.name), point.number, point.step, point.value});
        }
        return points;
      });
}

Checkpoint TrainerRun::checkpoint(const std::string& path, const CallOptions& options) {
  check_open("checkpoint");
  const std::string name = fresh_name("checkpoint");
  Grants grants(trainer_->instance());
  grants.add(name, path, FileAccess::write);
  auto params = sized<bh_trainer_file_params>();
  params.file = borrow(name);
  return grants.run([&] {
    return call<bh_trainer_checkpoint_result>(&bh_trainer_v1::checkpoint, "checkpoint", params,
                                              options, [](const auto& result) {
                                                return Checkpoint{result.step, result.bytes};
                                              });
  });
}

StepReport TrainerRun::restore(const std::string& path, const CallOptions& options) {
  check_open("restore");
  const std::string name = fresh_name("checkpoint");
  Grants grants(trainer_->instance());
  grants.add(name, path, FileAccess::read);
  auto params = sized<bh_trainer_file_params>();
  params.file = borrow(name);
  return grants.run([&] {
    return call<bh_trainer_step_result>(&bh_trainer_v1::restore, "restore", params, options,
                                        [](const auto& result) { return take(result); });
  });
}

Generation TrainerRun::generate(std::string_view prompt, const GenerateOptions& generate,
                                const CallOptions& options) {
  auto params = sized<bh_trainer_generate_params>();
  params.seed = generate.seed;
  params.max_bytes = generate.max_bytes;
  params.temperature = generate.temperature;
  params.prompt = {reinterpret_cast<const std::uint8_t*>(prompt.data()), prompt.size()};
  return call<bh_trainer_generate_result>(
      &bh_trainer_v1::generate, "generate", params, options, [](const auto& result) {
        return Generation{{reinterpret_cast<const char*>(result.answer.data), result.answer.size},
                          result.probability};
      });
}

void TrainerRun::close(const CallOptions& options) {
  call<bh_empty>(&bh_trainer_v1::close_run, "close_run", sized<bh_trainer_run_params>(), options,
                 [](const bh_empty&) {});
  run_ = 0;
}

}  // namespace bulkhead
