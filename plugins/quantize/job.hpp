// One run of the method "int8".
#pragma once

#include <bulkhead/sdk/compression.hpp>

#include <vector>

#include "int8.hpp"
#include "pieces.hpp"
#include "plan.hpp"

namespace quantize {

class Job {
 public:
  Job(const Header& model, const Plan& plan, ModelPieces& in, OutputPieces& out)
      : model_(model),
        plan_(plan),
        in_(in),
        out_(out),
        errors_(model.tensors.size()),
        marks_(model.tensors.size()) {}

  // Writes the whole output; what became of each tensor, in the order of the model.
  std::vector<bulkhead::sdk::CompressedTensor> run();

 private:
  void copy(const Tensor& tensor);
  void write_scales(std::size_t index);
  void write_values(std::size_t index);
  // on_row(scale, most, pieces) for each row; pieces(use) gives its numbers to `use`, in parts.
  template <class OnRow>
  void for_each_row(const Tensor& tensor, const OnRow& on_row);

  const Header& model_;
  const Plan& plan_;
  ModelPieces& in_;
  OutputPieces& out_;
  std::vector<ErrorSum> errors_;
  std::vector<std::uint64_t> marks_;  // of the scales that were written
  std::vector<std::int8_t> levels_;
};

}  // namespace quantize
