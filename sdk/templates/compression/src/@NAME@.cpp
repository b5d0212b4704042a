// @NAME@: makes models smaller. Its models are plain files of float32 numbers, of which it keeps
// the upper half (bfloat16). Replace the three functions by your own.
#include <bulkhead/sdk/compression.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

class @CLASS@ : public bulkhead::Compression {
 public:
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, nullptr};

  explicit @CLASS@(const Open& open) : files_(open.services) {}

  CompressionFacts info() const override {
    return {.name = "@NAME@", .methods = {{"bf16", "16 bits a number, rounded towards zero"}}};
  }

  // From the size alone: nothing is read.
  CompressionEstimate estimate(const Call& call, const CompressionRequest& request) const override {
    const auto model = open_model(call, request);
    const std::uint64_t numbers = model.size() / sizeof(float);
    return {model.size(), numbers * sizeof(std::uint16_t), 1, numbers};
  }

  // A piece at a time, so that memory is bounded whatever the size of the model.
  CompressionReport compress(const Call& call, const CompressionRequest& request) const override {
    const auto model = open_model(call, request);
    auto output = files_.create(call, request.output);
    CompressedTensor tensor{.name = "numbers", .before = "F32", .after = "BF16"};
    double squares = 0;
    std::vector<float> numbers(kPiece);
    std::vector<std::uint16_t> halves;
    for (std::uint64_t done = 0; done < model.size(); done += halves.size() * sizeof(float)) {
      const auto left = (model.size() - done) / sizeof(float);
      numbers.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece)));
      const auto bytes = std::as_writable_bytes(std::span(numbers));
      if (model.read(call, done, bytes) != bytes.size()) {
        throw PluginError(BH_DATA_INVALID, "The model became shorter while it was read.");
      }
      halves.clear();
      for (const float number : numbers) {
        halves.push_back(half_of(number));
        if (!std::isfinite(number)) continue;
        const double error = std::abs(double{restored(halves.back())} - double{number});
        tensor.max_error = std::max(tensor.max_error, error);
        squares += error * error;
      }
      output.write(call, std::as_bytes(std::span(halves)));
      tensor.parameters += halves.size();
      call.progress(done + bytes.size(), model.size());
    }
    tensor.bytes_before = model.size();
    tensor.bytes_after = output.written();
    if (tensor.parameters != 0) {
      tensor.rms_error = std::sqrt(squares / static_cast<double>(tensor.parameters));
    }
    // The output is not committed here: that happens when the report is safe.
    return {model.size(), output.written(), {tensor}, std::move(output)};
  }

 private:
  static constexpr std::size_t kPiece = 1 << 16;  // numbers

  static std::uint16_t half_of(float number) {
    auto bits = std::bit_cast<std::uint32_t>(number);
    if (std::isnan(number)) bits |= 1u << 22;  // stays one when its lower half is cut off
    return static_cast<std::uint16_t>(bits >> 16);
  }
  static float restored(std::uint16_t half) {
    return std::bit_cast<float>(std::uint32_t{half} << 16);
  }

  // The host has checked neither the options nor the model.
  bulkhead::sdk::InputFile open_model(const Call& call, const CompressionRequest& request) const {
    if (const auto options = request.options.keys(); !options.empty()) {
      throw PluginError(BH_INVALID_ARGUMENT,
                        "There is no option \"" + std::string(options.front()) + "\".");
    }
    auto model = files_.open(call, request.model);
    if (model.size() % sizeof(float) != 0) {
      throw PluginError(BH_DATA_INVALID, "The model has " + std::to_string(model.size()) +
                                             " bytes, which is no whole number of float32.");
    }
    return model;
  }

  const bulkhead::sdk::Files files_;
};

BULKHEAD_PLUGIN(@CLASS@);
