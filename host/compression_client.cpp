#include <bulkhead/compression_client.hpp>

#include <memory>
#include <utility>

#include "host/runtime/client.hpp"
#include "host/runtime/config_entry.hpp"

namespace bulkhead {
namespace {

using host::sized;
using host::text_of;

bh_text borrow(const std::string& text) { return {text.data(), text.size()}; }

// The params of a call, and its files, granted under names of this call for as long as this lives.
class Params {
 public:
  Params(const Instance& instance, std::uint64_t call, const CompressionOptions& options)
      : instance_(instance), suffix_("-" + std::to_string(call)), options_(options) {}
  Params(const Params&) = delete;
  ~Params() {
    for (const std::string& name : names_) instance_.revoke_file(name);
  }

  const bh_compression_params* fill(const std::string& model, const std::string* output) {
    names_.reserve(2 + options_.calibration.size());  // their texts must stay where they are
    value_.method = borrow(options_.method);
    value_.threads = options_.threads;
    value_.model = grant("model" + suffix_, model, FileAccess::read);
    if (output != nullptr) value_.output = grant("output" + suffix_, *output, FileAccess::write);
    for (std::size_t i = 0; i < options_.calibration.size(); ++i) {
      calibration_.push_back(grant("calibration" + suffix_ + "." + std::to_string(i),
                                   options_.calibration[i], FileAccess::read));
    }
    value_.calibration = calibration_.data();
    value_.calibration_count = calibration_.size();
    for (const auto& [key, value] : options_.options)
      entries_.push_back(host::config_entry(key, value));
    value_.options = entries_.data();
    value_.option_count = entries_.size();
    return &value_;
  }

 private:
  bh_text grant(std::string name, const std::string& path, FileAccess access) {
    instance_.grant_file(name, path, access);
    return borrow(names_.emplace_back(std::move(name)));
  }

  Instance instance_;
  const std::string suffix_;
  const CompressionOptions options_;
  std::vector<std::string> names_;
  std::vector<bh_text> calibration_;
  std::vector<bh_config_entry> entries_;
  bh_compression_params value_ = sized<bh_compression_params>();
};

CompressionReport take(const bh_compression_result& result) {
  CompressionReport report{
      result.input_bytes, result.output_bytes, result.parameters, result.bits_per_parameter, {}};
  report.tensors.reserve(result.tensor_count);
  for (std::size_t i = 0; i < result.tensor_count; ++i) {
    const bh_compressed_tensor& tensor = result.tensors[i];
    report.tensors.push_back({text_of(tensor.name), text_of(tensor.before), text_of(tensor.after),
                              tensor.parameters, tensor.bytes_before, tensor.bytes_after,
                              tensor.max_error, tensor.rms_error});
  }
  return report;
}

// A call of `compress` with all that it needs until it is over.
struct Compressing {
  Compressing(const Instance& of, const CompressionOptions& compression, const CallOptions& options)
      : call(HostAccess::plugin(of), options), params(of, call.id, compression) {}

  static void complete(void* user, bh_status status) {
    std::unique_ptr<Compressing> self(static_cast<Compressing*>(user));
    std::promise<CompressionReport> promise = std::move(self->promise);
    // The files are taken back before anybody hears of the end.
    try {
      self->call.check(status);
      CompressionReport report = take(self->result);
      self.reset();
      promise.set_value(std::move(report));
    } catch (...) {
      self.reset();
      promise.set_exception(std::current_exception());
    }
  }

  host::Call call;
  Params params;
  bh_compression_result result = sized<bh_compression_result>();
  std::promise<CompressionReport> promise;
};

}  // namespace

CompressionClient::CompressionClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_compression_v1>(instance_, BH_COMPRESSION_1, "compression plugin")) {
}

CompressionInfo CompressionClient::info(const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  const auto params = sized<bh_empty>();
  auto result = sized<bh_compression_info_result>();
  call.check(table_->info(&call, instance_.handle(), &params, &result));
  CompressionInfo info{text_of(result.name), {}};
  for (std::size_t i = 0; i < result.method_count; ++i) {
    info.methods.push_back(
        {text_of(result.methods[i].name), text_of(result.methods[i].description)});
  }
  return info;
}

CompressionEstimate CompressionClient::estimate(const std::string& model,
                                                const CompressionOptions& options,
                                                const CallOptions& call_options) const {
  host::Call call(HostAccess::plugin(instance_), call_options);
  Params params(instance_, call.id, options);
  auto result = sized<bh_compression_estimate_result>();
  call.check(table_->estimate(&call, instance_.handle(), params.fill(model, nullptr), &result));
  return {result.input_bytes, result.output_bytes, result.tensors, result.parameters};
}

CompressionReport CompressionClient::compress(const std::string& model, const std::string& output,
                                              const CompressionOptions& options,
                                              const CallOptions& call) const {
  Compressing running(instance_, options, call);
  running.call.check(table_->compress(&running.call, instance_.handle(),
                                      running.params.fill(model, &output), &running.result));
  return take(running.result);
}

std::future<CompressionReport> CompressionClient::compress_async(const std::string& model,
                                                                 const std::string& output,
                                                                 const CompressionOptions& options,
                                                                 const CallOptions& call) const {
  auto running = std::make_unique<Compressing>(instance_, options, call);
  auto future = running->promise.get_future();
  Compressing& raw = *running;
  // From here on the completion owns it, and may have run already when submit returns.
  const bh_status status = table_->submit(&raw.call, instance_.handle(), BH_COMPRESSION_COMPRESS,
                                          raw.params.fill(model, &output), &raw.result,
                                          {&Compressing::complete, running.get()});
  if (status == BH_OK) {
    static_cast<void>(running.release());
  } else {
    running->call.check(status);
  }
  return future;
}

}  // namespace bulkhead
