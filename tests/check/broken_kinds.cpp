// A small plugin of each kind but codec, which keeps the contract but for one rule: which kind and
// which rule, its configuration says ("break": "state.restore"; "state.nothing" breaks none).
#include <bulkhead/sdk/command.hpp>
#include <bulkhead/sdk/compression.hpp>
#include <bulkhead/sdk/events.hpp>
#include <bulkhead/sdk/multimodal.hpp>
#include <bulkhead/sdk/state.hpp>
#include <bulkhead/sdk/trainer.hpp>

#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

namespace {

using namespace bulkhead::sdk;

// Of all instances in this process: they have one configuration.
std::once_flag rule_once;
std::string the_rule;
bool broken(const char* rule) { return the_rule == rule; }

class Echo final : public Command {
 public:
  std::vector<CommandFacts> list() const override {
    return {{"echo", broken("command.list") ? "" : "Gives back its input", "echo"}};
  }
  CommandResult run(const Call&, const CommandRequest& request) const override {
    if (request.name != "echo") throw PluginError(BH_NOT_FOUND, "There is only the command echo.");
    return {broken("command.run") ? 126 : 0, std::string(request.input), ""};
  }
};

class Ear final : public Listener {
 public:
  std::vector<Subscription> subscriptions() const override {
    return {{.event = "step.*", .priority = broken("events.subscriptions") ? 1000u : 10u}};
  }
  Reaction handle(const Call&, const Event&) override { return {}; }
};

class Number final : public Stateful {
 public:
  SavedState save(const Call&) const override { return {2, "n=" + std::to_string(number_)}; }
  void restore(const Call&, std::uint32_t version, std::string_view bytes) override {
    if (version > 2) throw PluginError(BH_VERSION_MISMATCH, "This reads states up to version 2.");
    if (bytes != "n=7") throw PluginError(BH_DATA_INVALID, "The state is not n=7.");
    if (broken("state.restore")) ++number_;
  }

 private:
  int number_ = 7;
};

// Any file is a tensor of its bytes.
class Files8 final : public Multimodal {
 public:
  MultimodalFacts info() const override {
    return {"bytes", {{"image/png", "uint8 [bytes]"}, {"audio/wav", "uint8 [bytes]"}}};
  }
  Probed probe(const Call&, const MediaItem& item) const override {
    if (!item.media_type.empty() && item.media_type != "image/png" &&
        item.media_type != "audio/wav")
      throw PluginError(broken("multimodal.unknown_media") ? BH_DATA_INVALID : BH_UNSUPPORTED,
                        "This media type is not known here.");
    Probed probed;
    probed.media_type = "image/png";
    probed.width = item.bytes.size();
    probed.tensors = {
        {"bytes", TensorSpec::kUint8, {static_cast<std::int64_t>(item.bytes.size())}}};
    return probed;
  }
  void load(const Call&, const MediaItem& item, const Probed&,
            std::span<const TensorMemory> tensors) const override {
    if (!item.bytes.empty()) std::memcpy(tensors[0].data, item.bytes.data(), item.bytes.size());
  }
};

// A model is a line with the number of its bytes, and so many bytes: each is a parameter.
class Copy final : public Compression {
 public:
  explicit Copy(const Open& open) : files_(open.services) {}
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, nullptr};

  CompressionFacts info() const override { return {"copy", {{"copy", "As it is"}}}; }
  CompressionEstimate estimate(const Call& call, const CompressionRequest& request) const override {
    const std::string model = read(call, request);
    return {model.size(), model.size(), 1, model.size() + (broken("compression.estimate") ? 1 : 0)};
  }
  CompressionReport compress(const Call& call, const CompressionRequest& request) const override {
    const std::string model = read(call, request);
    CompressionReport report;
    report.input_bytes = model.size();
    report.output_bytes = model.size() + (broken("compression.report") ? 1 : 0);
    report.tensors = {{"all", "U8", "U8", model.size(), model.size(), model.size(), 0, 0}};
    OutputFile output = files_.create(call, request.output);
    output.write(call, model);
    report.output = std::move(output);
    return report;
  }

 private:
  std::string read(const Call& call, const CompressionRequest& request) const {
    std::string model = files_.open(call, request.model).read_all(call, 1 << 20);
    const std::size_t line = model.find('\n');
    const std::string size = model.substr(0, line);
    if (broken("compression.no_output")) return model;
    if (line == std::string::npos || size != std::to_string(model.size() - line - 1))
      throw PluginError(BH_DATA_INVALID, "The model has not the size that its first line says.");
    return model;
  }
  Files files_;
};

std::atomic<std::uint64_t> runs{0};

// A loss that shrinks, from a start that the seed gives.
class Walk final : public TrainingRun {
 public:
  Walk(Files files, std::uint64_t seed) : files_(std::move(files)), value_(1 + seed % 7) {
    if (broken("trainer.same_seed")) value_ += static_cast<double>(++runs);
  }
  double step(const Call&, Metrics& metrics) override {
    value_ *= 0.9;
    if (broken("trainer.restore")) value_ += 0.001 * hidden_++;
    ++steps_;
    metrics.add("loss", steps_, value_);
    return value_;
  }
  RunPosition position() const override {
    return {steps_, broken("trainer.steps") ? 1000 - steps_ : steps_, value_};
  }
  std::uint64_t checkpoint(const Call& call, std::string_view file) override {
    char text[64];
    const int size = std::snprintf(text, sizeof text, "walk %a %llu\n", value_,
                                   static_cast<unsigned long long>(steps_));
    OutputFile output = files_.create(call, file);
    output.write(call, std::string_view(text, static_cast<std::size_t>(size)));
    output.commit(call);
    return static_cast<std::uint64_t>(size);
  }
  void restore(const Call& call, std::string_view file) override {
    const std::string text = files_.open(call, file).read_all(call, 1 << 20);
    double value = value_;
    unsigned long long steps = steps_;
    const bool good =
        text.ends_with("\n") && std::sscanf(text.c_str(), "walk %la %llu", &value, &steps) == 2;
    if (!good && !broken("trainer.broken_checkpoint"))
      throw PluginError(BH_DATA_INVALID, "The checkpoint is none of this trainer.");
    value_ = value;
    steps_ = steps;
  }
  Generated generate(const Call&, const GenerateRequest&) override { return {"yes", 1}; }

 private:
  Files files_;
  double value_;
  std::uint64_t steps_ = 0, hidden_ = 0;
};

class Walker final : public Trainer {
 public:
  explicit Walker(const Open& open) : files_(open.services) {}
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, nullptr};
  TrainerFacts info() const override { return {"walk"}; }
  std::unique_ptr<TrainingRun> open_run(const Call&, const RunRequest& request) const override {
    return std::make_unique<Walk>(files_, request.seed);
  }

 private:
  Files files_;
};

// ---- what the author classes do for everybody is broken behind their tables

template <class Table>
const Table& good(bh_instance* instance, const char* name) {
  return *static_cast<const Table*>(InstanceBase::of(instance).interface(name));
}

bh_status probe_wrong(bh_call* call, bh_instance* instance, const bh_multimodal_load_params* params,
                      bh_multimodal_probe_result* result) {
  const auto& table = good<bh_multimodal_v1>(instance, BH_MULTIMODAL_1);
  const bh_status status = table.probe(call, instance, params, result);
  if (status == BH_OK && result->item_count > 0)
    ++const_cast<bh_media_facts*>(result->items)[0].width;
  return status;
}

bh_status load_wrong(bh_call* call, bh_instance* instance, const bh_multimodal_load_params* params,
                     bh_multimodal_load_result* result) {
  const auto& table = good<bh_multimodal_v1>(instance, BH_MULTIMODAL_1);
  const bh_status status = table.load(call, instance, params, result);
  if (status != BH_OK || result->item_count < 2) return status;
  const DLTensor& tensor = result->items[1].tensors[0].tensor;
  if (tensor.shape[0] > 0) *static_cast<std::uint8_t*>(tensor.data) ^= 1;
  return status;
}

bh_status metrics_wrong(bh_call* call, bh_instance* instance,
                        const bh_trainer_metrics_params* params,
                        bh_trainer_metrics_result* result) {
  const auto& table = good<bh_trainer_v1>(instance, BH_TRAINER_1);
  const bh_status status = table.metrics(call, instance, params, result);
  if (status == BH_OK && result->point_count > 2)
    const_cast<bh_trainer_metric*>(result->points)[1].number += 1;
  return status;
}

bh_status step_wrong(bh_call* call, bh_instance* instance, const bh_trainer_step_params* params,
                     bh_trainer_step_result* result) {
  const auto& table = good<bh_trainer_v1>(instance, BH_TRAINER_1);
  const bh_status status = table.step(call, instance, params, result);
  if (broken("trainer.progress")) {  // reports that follow too soon are dropped
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    call->fn->progress(call, params->steps + 1, params->steps);
  }
  const bool closed = status == BH_NOT_FOUND && params->run > 0 && params->run < 1000;
  return closed && broken("trainer.closed_run") ? BH_OK : status;
}

template <class Table>
const Table* patched(bh_instance* instance, const char* name, void (*change)(Table&)) {
  static Table table;
  static std::once_flag once;
  std::call_once(once, [&] {
    table = good<Table>(instance, name);
    change(table);
  });
  return &table;
}

const void* get_interface(bh_instance* instance, const char* name) {
  const void* table = InstanceBase::of(instance).interface(name);
  if (table == nullptr) return nullptr;
  if (broken("multimodal.facts"))
    return patched<bh_multimodal_v1>(instance, name, [](auto& own) { own.probe = probe_wrong; });
  if (broken("multimodal.batches"))
    return patched<bh_multimodal_v1>(instance, name, [](auto& own) { own.load = load_wrong; });
  if (broken("trainer.metrics"))
    return patched<bh_trainer_v1>(instance, name, [](auto& own) { own.metrics = metrics_wrong; });
  if (broken("trainer.progress") || broken("trainer.closed_run"))
    return patched<bh_trainer_v1>(instance, name, [](auto& own) { own.step = step_wrong; });
  return table;
}

bh_status open(bh_call* call, const bh_open_params* params, bh_instance** out) {
  std::call_once(rule_once,
                 [&] { the_rule = Config(params->config, params->config_count).text("break"); });
  const std::string kind = the_rule.substr(0, the_rule.find('.'));
  if (kind == "command") return Entry<Echo>::open(call, params, out);
  if (kind == "events") return Entry<Ear>::open(call, params, out);
  if (kind == "state") return Entry<Number>::open(call, params, out);
  if (kind == "multimodal") return Entry<Files8>::open(call, params, out);
  if (kind == "compression") return Entry<Copy>::open(call, params, out);
  return Entry<Walker>::open(call, params, out);
}

constexpr const char* kInterfaces[] = {BH_COMMAND_1,     BH_EVENTS_1,  BH_STATE_1, BH_MULTIMODAL_1,
                                       BH_COMPRESSION_1, BH_TRAINER_1, nullptr};
constexpr bh_descriptor kDescriptor = {
    BH_DESCRIPTOR_PREFIX(BULKHEAD_PLUGIN_ID, BULKHEAD_PLUGIN_VERSION, kInterfaces,
                         Copy::kServicesRequired, nullptr),
    open, Entry<Echo>::close, get_interface};

}  // namespace

extern "C" BH_EXPORT const bh_descriptor* bulkhead_query(const bh_query*) { return &kDescriptor; }
