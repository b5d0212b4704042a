// The structs and methods of "bulkhead.trainer/1-draft".
#include <bulkhead/abi/draft/trainer.h>

#include "sdk/schema/draft/common.capnp.h"
#include "sdk/schema/draft/trainer.capnp.h"
#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_trainer_info_result>() {
  static const Layout self =
      describe<bh_trainer_info_result>({BULKHEAD_FIELD(bh_trainer_info_result, name),
                                        BULKHEAD_FIELD(bh_trainer_info_result, description)});
  return self;
}

template <>
const Layout& layout<bh_trainer_open_params>() {
  static const Layout self = describe<bh_trainer_open_params>(
      {BULKHEAD_FIELD(bh_trainer_open_params, threads),
       BULKHEAD_FIELD(bh_trainer_open_params, seed),
       BULKHEAD_LIST(bh_trainer_open_params, data, data_count),
       BULKHEAD_LIST(bh_trainer_open_params, options, option_count)});
  return self;
}

template <>
const Layout& layout<bh_trainer_run_result>() {
  static const Layout self =
      describe<bh_trainer_run_result>({as_handle(BULKHEAD_FIELD(bh_trainer_run_result, run))});
  return self;
}

template <>
const Layout& layout<bh_trainer_run_params>() {
  static const Layout self =
      describe<bh_trainer_run_params>({as_handle(BULKHEAD_FIELD(bh_trainer_run_params, run))});
  return self;
}

template <>
const Layout& layout<bh_trainer_step_params>() {
  static const Layout self =
      describe<bh_trainer_step_params>({as_handle(BULKHEAD_FIELD(bh_trainer_step_params, run)),
                                        BULKHEAD_FIELD(bh_trainer_step_params, steps)});
  return self;
}

template <>
const Layout& layout<bh_trainer_step_result>() {
  static const Layout self = describe<bh_trainer_step_result>(
      {BULKHEAD_FIELD(bh_trainer_step_result, paused), BULKHEAD_FIELD(bh_trainer_step_result, step),
       BULKHEAD_FIELD(bh_trainer_step_result, samples),
       BULKHEAD_FIELD(bh_trainer_step_result, loss)});
  return self;
}

template <>
const Layout& layout<bh_trainer_metrics_params>() {
  static const Layout self = describe<bh_trainer_metrics_params>(
      {BULKHEAD_FIELD(bh_trainer_metrics_params, max_points),
       as_handle(BULKHEAD_FIELD(bh_trainer_metrics_params, run)),
       BULKHEAD_FIELD(bh_trainer_metrics_params, after),
       BULKHEAD_FIELD(bh_trainer_metrics_params, wait_ns)});
  return self;
}

template <>
const Layout& layout<bh_trainer_metric>() {
  static const Layout self = describe<bh_trainer_metric>(
      {BULKHEAD_FIELD(bh_trainer_metric, name), BULKHEAD_FIELD(bh_trainer_metric, number),
       BULKHEAD_FIELD(bh_trainer_metric, step), BULKHEAD_FIELD(bh_trainer_metric, value)});
  return self;
}

template <>
const Layout& layout<bh_trainer_metrics_result>() {
  static const Layout self = describe<bh_trainer_metrics_result>(
      {BULKHEAD_LIST(bh_trainer_metrics_result, points, point_count)});
  return self;
}

template <>
const Layout& layout<bh_trainer_file_params>() {
  static const Layout self =
      describe<bh_trainer_file_params>({as_handle(BULKHEAD_FIELD(bh_trainer_file_params, run)),
                                        BULKHEAD_FIELD(bh_trainer_file_params, file)});
  return self;
}

template <>
const Layout& layout<bh_trainer_checkpoint_result>() {
  static const Layout self =
      describe<bh_trainer_checkpoint_result>({BULKHEAD_FIELD(bh_trainer_checkpoint_result, step),
                                              BULKHEAD_FIELD(bh_trainer_checkpoint_result, bytes)});
  return self;
}

template <>
const Layout& layout<bh_trainer_generate_params>() {
  static const Layout self = describe<bh_trainer_generate_params>(
      {as_handle(BULKHEAD_FIELD(bh_trainer_generate_params, run)),
       BULKHEAD_FIELD(bh_trainer_generate_params, seed),
       BULKHEAD_FIELD(bh_trainer_generate_params, max_bytes),
       BULKHEAD_FIELD(bh_trainer_generate_params, temperature),
       BULKHEAD_FIELD(bh_trainer_generate_params, prompt)});
  return self;
}

template <>
const Layout& layout<bh_trainer_generate_result>() {
  static const Layout self =
      describe<bh_trainer_generate_result>({BULKHEAD_FIELD(bh_trainer_generate_result, probability),
                                            BULKHEAD_FIELD(bh_trainer_generate_result, answer)});
  return self;
}

namespace {

using namespace trainer;
using Table = bh_trainer_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::info, common::Empty, InfoResults>("info", BH_TRAINER_INFO),
    method<&Table::open_run, OpenParams, RunResults>("open_run", BH_TRAINER_OPEN_RUN),
    method<&Table::step, StepParams, StepResults>("step", BH_TRAINER_STEP),
    method<&Table::pause, RunParams, common::Empty>("pause", BH_TRAINER_PAUSE),
    method<&Table::metrics, MetricsParams, MetricsResults>("metrics", BH_TRAINER_METRICS),
    method<&Table::checkpoint, FileParams, CheckpointResults>("checkpoint", BH_TRAINER_CHECKPOINT),
    method<&Table::restore, FileParams, StepResults>("restore", BH_TRAINER_RESTORE),
    method<&Table::generate, GenerateParams, GenerateResults>("generate", BH_TRAINER_GENERATE),
    method<&Table::close_run, RunParams, common::Empty>("close_run", BH_TRAINER_CLOSE_RUN),
};

}  // namespace

constexpr InterfaceBinding kTrainerBinding = {BH_TRAINER_1, 3, sizeof(Table), kMethods};

namespace {

constexpr Table kTable = {
    sizeof(Table),
    0,
    entry<kTrainerBinding, &Table::info, BH_TRAINER_INFO>,
    entry<kTrainerBinding, &Table::open_run, BH_TRAINER_OPEN_RUN>,
    entry<kTrainerBinding, &Table::step, BH_TRAINER_STEP>,
    entry<kTrainerBinding, &Table::pause, BH_TRAINER_PAUSE>,
    entry<kTrainerBinding, &Table::metrics, BH_TRAINER_METRICS>,
    entry<kTrainerBinding, &Table::checkpoint, BH_TRAINER_CHECKPOINT>,
    entry<kTrainerBinding, &Table::restore, BH_TRAINER_RESTORE>,
    entry<kTrainerBinding, &Table::generate, BH_TRAINER_GENERATE>,
    entry<kTrainerBinding, &Table::close_run, BH_TRAINER_CLOSE_RUN>,
    entry_submit<kTrainerBinding>,
};

}  // namespace

InterfaceInfo trainer_interface() { return interface_info<kTrainerBinding>(&kTable); }

}  // namespace bulkhead::wire
