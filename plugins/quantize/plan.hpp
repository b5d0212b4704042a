// What the method "int8" makes of a model, known from its header alone: the header of the output,
// and where each of its tensors comes from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "safetensors.hpp"

namespace quantize {

// Numbers that are worked on at once. A row that is longer is read twice in one pass.
constexpr std::uint64_t kPieceNumbers = 256 * 1024;

struct Part {
  enum class Kind { copy, scales, values };
  Kind kind;
  std::size_t tensor;  // of the model
};

struct Plan {
  std::string header;       // the first bytes of the output
  std::vector<Part> parts;  // what follows it, in order
  std::uint64_t output_bytes = 0;
  std::uint64_t parameters = 0;
  std::uint64_t bytes_to_read = 0;  // in all passes
};

// Floating point, two dimensions or more, and not empty.
bool is_quantized(const Tensor& tensor);
// Numbers in one row, that is, in one element of the first dimension.
std::uint64_t row_numbers(const Tensor& tensor);
// Of the tensor with its scales.
std::uint64_t quantized_bytes(const Tensor& tensor);

// Throws a PluginError for a model that can't become an int8 one.
Plan make_plan(const Header& model);

}  // namespace quantize
