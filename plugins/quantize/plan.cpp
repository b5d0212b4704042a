#include "plan.hpp"

#include <bulkhead/sdk/error.hpp>

#include <string_view>
#include <unordered_set>

namespace quantize {
namespace {

using bulkhead::sdk::PluginError;

constexpr const char* kConfigKey = "quantization_config";
// For programs that read the output; README.md explains it.
constexpr const char* kConfig =
    R"({"quant_method":"bulkhead_int8","bits":8,"symmetric":true,"axis":0,"scale_suffix":".scale",)"
    R"("rounding":"nearest_even"})";
constexpr std::string_view kScaleSuffix = ".scale";

void refuse_quantized(const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    if (key != kConfigKey) continue;
    throw PluginError(BH_INVALID_ARGUMENT,
                      "The model is quantized already: its metadata have a quantization_config. "
                      "Take the model that it was made from.");
  }
}

void refuse_taken_names(const std::vector<Tensor>& tensors) {
  std::unordered_set<std::string_view> names;
  for (const Tensor& tensor : tensors) names.insert(tensor.name);
  for (const Tensor& tensor : tensors) {
    const std::string scale = tensor.name + std::string(kScaleSuffix);
    if (!is_quantized(tensor) || !names.contains(scale)) continue;
    throw PluginError(BH_INVALID_ARGUMENT, "The scales of tensor " + shown(tensor.name) +
                                               " would be named " + shown(scale) +
                                               ", but the model has a tensor of that name.");
  }
}

// Lays the tensors of the output one behind the other.
class Layout {
 public:
  Layout(const Header& model, Plan& plan) : model_(model), plan_(plan) {}

  // The parts whose numbers have `size` bytes, in the order of the model. Sizes come in descending
  // order: each tensor then begins at a multiple of its own, as readers that map the file need it.
  void add_all(std::uint32_t size) {
    for (std::size_t i = 0; i < model_.tensors.size(); ++i) {
      const Tensor& tensor = model_.tensors[i];
      if (!is_quantized(tensor)) {
        if (tensor.format->bytes == size) add(Part::Kind::copy, i, tensor);
      } else if (size == 4) {
        Tensor scales;
        scales.name = tensor.name + std::string(kScaleSuffix);
        scales.format = number_format("F32");
        scales.shape = {tensor.shape[0]};
        scales.end = 4 * tensor.shape[0];
        add(Part::Kind::scales, i, std::move(scales));
      } else if (size == 1) {
        Tensor values = tensor;
        values.format = number_format("I8");
        values.begin = 0;
        values.end = tensor.numbers;
        add(Part::Kind::values, i, std::move(values));
      }
    }
  }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  std::uint64_t bytes() const { return at_; }

 private:
  void add(Part::Kind kind, std::size_t source, Tensor tensor) {
    const std::uint64_t size = tensor.bytes();
    tensor.begin = at_;
    tensor.end = at_ += size;
    tensors_.push_back(std::move(tensor));
    plan_.parts.push_back({kind, source});
  }

  const Header& model_;
  Plan& plan_;
  std::vector<Tensor> tensors_;
  std::uint64_t at_ = 0;
};

}  // namespace

bool is_quantized(const Tensor& tensor) {
  return tensor.format->decode != nullptr && tensor.shape.size() >= 2 && tensor.numbers != 0;
}

std::uint64_t row_numbers(const Tensor& tensor) { return tensor.numbers / tensor.shape[0]; }

std::uint64_t quantized_bytes(const Tensor& tensor) { return tensor.numbers + 4 * tensor.shape[0]; }

Plan make_plan(const Header& model) {
  refuse_quantized(model.metadata);
  refuse_taken_names(model.tensors);
  Plan plan;
  for (const Tensor& tensor : model.tensors) {
    plan.parameters += tensor.numbers;
    // Scales first, then numbers; these need the scale again, and for that all of their row.
    const unsigned passes = !is_quantized(tensor)                  ? 1
                            : row_numbers(tensor) <= kPieceNumbers ? 2
                                                                   : 3;
    plan.bytes_to_read += passes * tensor.bytes();
  }
  Layout layout(model, plan);
  for (const std::uint32_t size : {8u, 4u, 2u, 1u}) layout.add_all(size);
  Metadata metadata = model.metadata;
  metadata.emplace_back(kConfigKey, kConfig);
  plan.header = write_header(metadata, layout.tensors());
  if (plan.header.size() - kHeaderBegin > kLongestHeader) {
    throw PluginError(BH_RESOURCE_EXHAUSTED,
                      "The output's header would have " + std::to_string(plan.header.size()) +
                          " bytes, more than the format allows; split the model.");
  }
  plan.output_bytes = plan.header.size() + layout.bytes();
  return plan;
}

}  // namespace quantize
