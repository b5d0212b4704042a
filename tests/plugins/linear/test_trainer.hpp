// A trainer plugin, opened directly, on files in memory.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/draft/trainer.h>
#include <bulkhead/testing/files.hpp>
#include <bulkhead/testing/library.hpp>
#include <bulkhead/testing/services.hpp>

namespace bulkhead::testing {

// A value of an option, made from what a test writes.
struct Value {
  Value(bool value) : entry{{}, BH_VALUE_BOOLEAN, 0, value, 0, {}} {}
  Value(int value) : entry{{}, BH_VALUE_INTEGER, 0, value, 0, {}} {}
  Value(double value) : entry{{}, BH_VALUE_NUMBER, 0, 0, value, {}} {}
  Value(const char* value) : entry{{}, BH_VALUE_TEXT, 0, 0, 0, text_of(value)} {}
  bh_config_entry entry;
};
using Options = std::vector<std::pair<const char*, Value>>;

struct Steps {
  std::uint64_t step, samples;
  double loss;
  bool paused;
  bool operator==(const Steps&) const = default;
};
struct Point {
  std::string name;
  std::uint64_t number, step;
  double value;
  bool operator==(const Point&) const = default;
};
struct Answer {
  std::string text;
  double probability;
  bool operator==(const Answer&) const = default;
};

// Throws CallFailed.
class TestTrainer {
 public:
  TestTrainer(const PluginLibrary& library, MemoryFiles& files)
      : descriptor_(library.descriptor()), files_(files) {
    services_.lend(BH_FILES_1, files.get());
    const bh_open_params params{sizeof(bh_open_params), 0, nullptr, services_.get()};
    TestCall call;
    check(call, descriptor_.open(call, &params, &instance_));
    table_ = static_cast<const bh_trainer_v1*>(descriptor_.get_interface(instance_, BH_TRAINER_1));
    if (table_ == nullptr) throw std::runtime_error("no " BH_TRAINER_1);
  }
  ~TestTrainer() {
    if (instance_ != nullptr) descriptor_.close(instance_);
  }
  TestTrainer(const TestTrainer&) = delete;

  struct Open {
    std::vector<std::string> data;
    Options options = {};
    std::uint64_t seed = 1;
    std::uint32_t threads = 1;
  };
  std::uint64_t open(const Open& open) const {
    TestCall call;
    return this->open(call, open);
  }
  std::uint64_t open(TestCall& call, const Open& open) const {
    std::vector<bh_text> data;
    for (const std::string& name : open.data) data.push_back(text_of(name));
    std::vector<bh_config_entry> options;
    for (const auto& [key, value] : open.options) {
      options.push_back(value.entry);
      options.back().key = text_of(key);
    }
    const bh_trainer_open_params params{sizeof(params), open.threads,   open.seed,     data.data(),
                                        data.size(),    options.data(), options.size()};
    bh_trainer_run_result result{sizeof(result), 0, 0};
    check(call, table_->open_run(call, instance_, &params, &result));
    return result.run;
  }

  Steps step(std::uint64_t run, std::uint64_t steps) const {
    TestCall call;
    return step(call, run, steps);
  }
  Steps step(TestCall& call, std::uint64_t run, std::uint64_t steps) const {
    const bh_trainer_step_params params{sizeof(params), 0, run, steps};
    bh_trainer_step_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->step(call, instance_, &params, &result));
    return {result.step, result.samples, result.loss, result.paused != 0};
  }
  void pause(std::uint64_t run) const {
    TestCall call;
    const bh_trainer_run_params params{sizeof(params), 0, run};
    bh_empty result{sizeof(result), 0};
    check(call, table_->pause(call, instance_, &params, &result));
  }
  void close(std::uint64_t run) const {
    TestCall call;
    const bh_trainer_run_params params{sizeof(params), 0, run};
    bh_empty result{sizeof(result), 0};
    check(call, table_->close_run(call, instance_, &params, &result));
  }
  std::vector<Point> metrics(std::uint64_t run, std::uint64_t after = 0, std::uint32_t most = 0,
                             std::int64_t wait_ns = 0) const {
    TestCall call;
    return metrics(call, run, after, most, wait_ns);
  }
  std::vector<Point> metrics(TestCall& call, std::uint64_t run, std::uint64_t after,
                             std::uint32_t most, std::int64_t wait_ns) const {
    const bh_trainer_metrics_params params{sizeof(params), most, run, after, wait_ns};
    bh_trainer_metrics_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->metrics(call, instance_, &params, &result));
    owned(call, result.points, result.point_count * sizeof(bh_trainer_metric));
    std::vector<Point> points;
    for (std::size_t i = 0; i < result.point_count; ++i) {
      const bh_trainer_metric& point = result.points[i];
      owned(call, point.name.data, point.name.size);
      points.push_back({string_of(point.name), point.number, point.step, point.value});
    }
    return points;
  }

  // The bytes of a checkpoint of the run as it is.
  std::string checkpoint(std::uint64_t run) const {
    files_.writable.insert("checkpoint");
    TestCall call;
    checkpoint(call, run, "checkpoint");
    return files_.written["checkpoint"];
  }
  std::uint64_t checkpoint(TestCall& call, std::uint64_t run, const char* file) const {
    const bh_trainer_file_params params{sizeof(params), 0, run, text_of(file)};
    bh_trainer_checkpoint_result result{sizeof(result), 0, 0, 0};
    check(call, table_->checkpoint(call, instance_, &params, &result));
    if (result.bytes != files_.written[file].size()) throw std::runtime_error("size of checkpoint");
    return result.step;
  }
  Steps restore(std::uint64_t run, const std::string& bytes) const {
    files_.readable["restored"] = bytes;
    TestCall call;
    const bh_trainer_file_params params{sizeof(params), 0, run, text_of("restored")};
    bh_trainer_step_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->restore(call, instance_, &params, &result));
    return {result.step, result.samples, result.loss, result.paused != 0};
  }

  struct Ask {
    std::string_view prompt;
    double temperature = 0;
    std::uint64_t seed = 0;
    std::uint64_t max_bytes = 0;
  };
  Answer generate(std::uint64_t run, const Ask& ask) const {
    TestCall call;
    const bh_trainer_generate_params params{
        sizeof(params), 0, run, ask.seed, ask.max_bytes, ask.temperature, bytes_of(ask.prompt)};
    bh_trainer_generate_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->generate(call, instance_, &params, &result));
    owned(call, result.answer.data, result.answer.size);
    return {string_of(result.answer), result.probability};
  }

 private:
  static void owned(const TestCall& call, const void* data, std::size_t size) {
    if (!call.owns(data, size)) throw std::runtime_error("a result is not in memory of the call");
  }

  const bh_descriptor& descriptor_;
  MemoryFiles& files_;
  TestServices services_{""};
  bh_instance* instance_ = nullptr;
  const bh_trainer_v1* table_ = nullptr;
};

}  // namespace bulkhead::testing
