// bulkhead/sdk/compression_table.hpp: a bulkhead::Compression as the C table
// "bulkhead.compression/1-draft". Included by compression.hpp; authors need nothing from here.
#pragma once

#include <memory>
#include <utility>

#include <bulkhead/sdk/compression.hpp>

namespace bulkhead::sdk {

class CompressionInstance final : public InstanceBase {
 public:
  explicit CompressionInstance(std::shared_ptr<const Compression> compression)
      : compression_(std::move(compression)) {}

  const void* interface(std::string_view name) const noexcept override {
    return name == BH_COMPRESSION_1 ? table() : nullptr;
  }

 private:
  static const bh_compression_v1* table() noexcept {
    static constexpr bh_compression_v1 kTable = {
        sizeof(bh_compression_v1), 0, info, estimate, compress, nullptr};
    return &kTable;
  }
  static const Compression& of(bh_instance* instance) noexcept {
    return *static_cast<CompressionInstance&>(InstanceBase::of(instance, BH_COMPRESSION_1))
                .compression_;
  }
  static bh_text copy_text(const Call& call, std::string_view text) {
    return as_text(call.copy(text));
  }

  static void check_method(const Compression& compression, std::string_view method) {
    const CompressionFacts facts = compression.info();
    std::string known;
    for (const CompressionMethod& one : facts.methods) {
      if (one.name == method) return;
      known += (known.empty() ? "" : ", ") + one.name;
    }
    throw PluginError(BH_NOT_FOUND, "There is no method \"" + std::string(method) + "\"; " +
                                        facts.name + " has: " + known + ".");
  }
  static CompressionRequest request_of(const bh_compression_params& params, const Config& options) {
    CompressionRequest request{as_view(params.method),
                               as_view(params.model),
                               as_view(params.output),
                               {},
                               options,
                               params.threads == 0 ? 1 : params.threads};
    request.calibration.reserve(params.calibration_count);
    for (std::size_t i = 0; i < params.calibration_count; ++i) {
      request.calibration.push_back(as_view(params.calibration[i]));
    }
    return request;
  }

  static bh_status info(bh_call* raw, bh_instance* instance, const bh_empty*,
                        bh_compression_info_result* result) {
    return guarded(raw, [&] {
      check_struct(result, "bh_compression_info_result");
      const Call call(raw);
      const CompressionFacts facts = of(instance).info();
      auto* methods = call.allocate_array<bh_compression_method>(facts.methods.size());
      for (std::size_t i = 0; i < facts.methods.size(); ++i) {
        methods[i] = {copy_text(call, facts.methods[i].name),
                      copy_text(call, facts.methods[i].description)};
      }
      result->name = copy_text(call, facts.name);
      result->methods = methods;
      result->method_count = facts.methods.size();
    });
  }

  static bh_status estimate(bh_call* raw, bh_instance* instance,
                            const bh_compression_params* params,
                            bh_compression_estimate_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_compression_params");
      check_struct(result, "bh_compression_estimate_result");
      check_method(of(instance), as_view(params->method));
      const Config options(params->options, params->option_count);
      const CompressionEstimate estimate =
          of(instance).estimate(Call(raw), request_of(*params, options));
      result->input_bytes = estimate.input_bytes;
      result->output_bytes = estimate.output_bytes;
      result->tensors = estimate.tensors;
      result->parameters = estimate.parameters;
    });
  }

  static bh_status compress(bh_call* raw, bh_instance* instance,
                            const bh_compression_params* params, bh_compression_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_compression_params");
      check_struct(result, "bh_compression_result");
      check_method(of(instance), as_view(params->method));
      const Call call(raw);
      const Config options(params->options, params->option_count);
      CompressionReport report = of(instance).compress(call, request_of(*params, options));
      auto* tensors = call.allocate_array<bh_compressed_tensor>(report.tensors.size());
      std::uint64_t parameters = 0;
      for (std::size_t i = 0; i < report.tensors.size(); ++i) {
        const CompressedTensor& tensor = report.tensors[i];
        parameters += tensor.parameters;
        tensors[i] = {copy_text(call, tensor.name),
                      copy_text(call, tensor.before),
                      copy_text(call, tensor.after),
                      tensor.parameters,
                      tensor.bytes_before,
                      tensor.bytes_after,
                      tensor.max_error,
                      tensor.rms_error};
      }
      result->input_bytes = report.input_bytes;
      result->output_bytes = report.output_bytes;
      result->parameters = parameters;
      result->bits_per_parameter =
          parameters == 0
              ? 0
              : 8.0 * static_cast<double>(report.output_bytes) / static_cast<double>(parameters);
      if (report.output) report.output->commit(call);
      result->tensors = tensors;
      result->tensor_count = report.tensors.size();
    });
  }

  std::shared_ptr<const Compression> compression_;
};

}  // namespace bulkhead::sdk
