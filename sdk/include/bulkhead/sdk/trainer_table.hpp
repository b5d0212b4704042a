// bulkhead/sdk/trainer_table.hpp: a bulkhead::Trainer as the C table "bulkhead.trainer/1-draft".
// Included by trainer.hpp; authors need nothing from here.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <bulkhead/sdk/trainer.hpp>
#include <bulkhead/sdk/trainer_runs.hpp>

namespace bulkhead::sdk {

class TrainerInstance final : public InstanceBase {
 public:
  explicit TrainerInstance(std::shared_ptr<const Trainer> trainer) : trainer_(std::move(trainer)) {}

  const void* interface(std::string_view name) const noexcept override {
    return name == BH_TRAINER_1 ? table() : nullptr;
  }

 private:
  static const bh_trainer_v1* table() noexcept {
    static constexpr bh_trainer_v1 kTable = {sizeof(bh_trainer_v1),
                                             0,
                                             info,
                                             open_run,
                                             step,
                                             pause,
                                             metrics,
                                             checkpoint,
                                             restore,
                                             generate,
                                             close_run,
                                             nullptr};
    return &kTable;
  }
  static TrainerInstance& of(bh_instance* instance) noexcept {
    return static_cast<TrainerInstance&>(InstanceBase::of(instance, BH_TRAINER_1));
  }
  static bh_text copy_text(const Call& call, std::string_view text) {
    return as_text(call.copy(text));
  }
  static void put(const RunPosition& position, bool paused, bh_trainer_step_result& result) {
    result.paused = paused ? 1 : 0;
    result.step = position.step;
    result.samples = position.samples;
    result.loss = position.loss;
  }

  // --- the table ---
  static bh_status info(bh_call* raw, bh_instance* instance, const bh_empty*,
                        bh_trainer_info_result* result) {
    return guarded(raw, [&] {
      check_struct(result, "bh_trainer_info_result");
      const Call call(raw);
      const TrainerFacts facts = of(instance).trainer_->info();
      result->name = copy_text(call, facts.name);
      result->description = copy_text(call, facts.description);
    });
  }

  static bh_status open_run(bh_call* raw, bh_instance* instance,
                            const bh_trainer_open_params* params, bh_trainer_run_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_open_params");
      check_struct(result, "bh_trainer_run_result");
      const Call call(raw);
      TrainerInstance& self = of(instance);
      std::vector<std::string_view> data;
      data.reserve(params->data_count);
      for (std::size_t i = 0; i < params->data_count; ++i) data.push_back(as_view(params->data[i]));
      const Config options(params->options, params->option_count);
      const RunRequest request{data, params->seed, std::max(params->threads, 1u), options};
      result->run = self.runs_.open(self.trainer_->most_runs(),
                                    [&] { return self.trainer_->open_run(call, request); });
    });
  }

  static bh_status step(bh_call* raw, bh_instance* instance, const bh_trainer_step_params* params,
                        bh_trainer_step_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_step_params");
      check_struct(result, "bh_trainer_step_result");
      const OpenRun::Steps taken =
          of(instance).runs_.find(params->run)->step(Call(raw), params->steps);
      put(taken.position, taken.paused, *result);
    });
  }

  static bh_status pause(bh_call* raw, bh_instance* instance, const bh_trainer_run_params* params,
                         bh_empty*) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_run_params");
      of(instance).runs_.find(params->run)->pause();
    });
  }

  static bh_status metrics(bh_call* raw, bh_instance* instance,
                           const bh_trainer_metrics_params* params,
                           bh_trainer_metrics_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_metrics_params");
      check_struct(result, "bh_trainer_metrics_result");
      if (params->wait_ns < 0) {
        throw PluginError(BH_INVALID_ARGUMENT, "The time to wait for a metric is negative.");
      }
      const Call call(raw);
      const std::vector<Metric> read = of(instance)
                                           .runs_.find(params->run)
                                           ->metrics()
                                           .read(call, params->after, params->max_points,
                                                 std::chrono::nanoseconds(params->wait_ns));
      auto* points = call.allocate_array<bh_trainer_metric>(read.size());
      for (std::size_t i = 0; i < read.size(); ++i) {
        // Names repeat: one copy of each in a row of points is enough.
        const std::size_t same = i >= 2 && read[i].name == read[i - 2].name ? i - 2 : i - 1;
        const bool known = i != 0 && read[i].name == read[same].name;
        points[i] = {known ? points[same].name : copy_text(call, read[i].name), read[i].number,
                     read[i].step, read[i].value};
      }
      result->points = points;
      result->point_count = read.size();
    });
  }

  static bh_status checkpoint(bh_call* raw, bh_instance* instance,
                              const bh_trainer_file_params* params,
                              bh_trainer_checkpoint_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_file_params");
      check_struct(result, "bh_trainer_checkpoint_result");
      const Call call(raw);
      const auto open = of(instance).runs_.find(params->run);
      open->with(call, RunTurns::kOther, [&](TrainingRun& run) {
        result->bytes = run.checkpoint(call, as_view(params->file));
        result->step = run.position().step;
      });
    });
  }

  static bh_status restore(bh_call* raw, bh_instance* instance,
                           const bh_trainer_file_params* params, bh_trainer_step_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_file_params");
      check_struct(result, "bh_trainer_step_result");
      const Call call(raw);
      const auto open = of(instance).runs_.find(params->run);
      open->with(call, RunTurns::kOther, [&](TrainingRun& run) {
        run.restore(call, as_view(params->file));
        put(run.position(), false, *result);
      });
    });
  }

  static bh_status generate(bh_call* raw, bh_instance* instance,
                            const bh_trainer_generate_params* params,
                            bh_trainer_generate_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_generate_params");
      check_struct(result, "bh_trainer_generate_result");
      if (!std::isfinite(params->temperature) || params->temperature < 0) {
        throw PluginError(BH_INVALID_ARGUMENT,
                          "The temperature must be a finite number that is not negative.");
      }
      const Call call(raw);
      const GenerateRequest request{as_view(params->prompt), params->seed, params->max_bytes,
                                    params->temperature};
      const auto open = of(instance).runs_.find(params->run);
      const Generated generated = open->with(
          call, RunTurns::kOther, [&](TrainingRun& run) { return run.generate(call, request); });
      const std::string_view answer = call.copy(generated.answer);
      result->answer = {reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()};
      result->probability = generated.probability;
    });
  }

  static bh_status close_run(bh_call* raw, bh_instance* instance,
                             const bh_trainer_run_params* params, bh_empty*) {
    return guarded(raw, [&] {
      check_struct(params, "bh_trainer_run_params");
      of(instance).runs_.close(params->run);
    });
  }

  std::shared_ptr<const Trainer> trainer_;
  OpenRuns runs_;
};

}  // namespace bulkhead::sdk
