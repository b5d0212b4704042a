// quantize: the compression plugin.
#include <bulkhead/sdk/compression.hpp>
#include <bulkhead/sdk/files.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "job.hpp"
#include "pieces.hpp"
#include "plan.hpp"
#include "safetensors.hpp"

namespace quantize {

class Quantize final : public bulkhead::Compression {
 public:
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, nullptr};

  explicit Quantize(const Open& open) : files_(open.services) {}

  CompressionFacts info() const override {
    return {.name = "quantize",
            .methods = {{"int8",
                         "8 bits a number: each floating tensor of two or more dimensions becomes "
                         "I8 with one float32 scale a row (dimension 0), rounded to nearest; other "
                         "tensors are copied"}}};
  }

  CompressionEstimate estimate(const Call& call, const CompressionRequest& request) const override {
    check(request);
    const bulkhead::sdk::InputFile file = files_.open(call, request.model);
    const Header model = read_header(call, file);
    const Plan plan = make_plan(model);
    return {file.size(), plan.output_bytes, model.tensors.size(), plan.parameters};
  }

  CompressionReport compress(const Call& call, const CompressionRequest& request) const override {
    check(request);
    const bulkhead::sdk::InputFile file = files_.open(call, request.model);
    const Header model = read_header(call, file);
    const Plan plan = make_plan(model);
    bulkhead::sdk::OutputFile output = files_.create(call, request.output);

    ModelPieces in(call, file, plan.bytes_to_read);
    OutputPieces out(call, output);
    CompressionReport report;
    report.tensors = Job(model, plan, in, out).run();
    report.input_bytes = file.size();
    report.output_bytes = output.written();
    report.output = std::move(output);
    return report;
  }

 private:
  static void check(const CompressionRequest& request) {
    const auto options = request.options.keys();
    if (!options.empty()) {
      throw PluginError(BH_INVALID_ARGUMENT,
                        "The method int8 has no options; take out " + shown(options.front()) + ".");
    }
    if (!request.calibration.empty()) {
      throw PluginError(BH_INVALID_ARGUMENT,
                        "The method int8 takes its scales from the model alone; give it no "
                        "calibration files.");
    }
  }

  static Header read_header(const Call& call, const bulkhead::sdk::InputFile& file) {
    ModelPieces in(call, file, 0);
    const auto text = [](std::span<const std::byte> bytes) {
      return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    try {
      const auto first = static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), 8));
      const std::uint64_t size = header_size(text(in.read(0, first)), file.size());
      return parse_header(text(in.read(kHeaderBegin, size)), file.size() - kHeaderBegin - size,
                          [&] { call.check(); });
    } catch (const Malformed& error) {
      throw PluginError(BH_DATA_INVALID, "The model is no valid safetensors file: " +
                                             std::string(error.what()) + ".");
    }
  }

  const bulkhead::sdk::Files files_;
};

}  // namespace quantize

BULKHEAD_PLUGIN(quantize::Quantize);
