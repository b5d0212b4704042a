// The header of a safetensors file: 8 bytes with its size, little endian, JSON, and behind it the
// numbers of all tensors without a gap.
// Format: https://github.com/huggingface/safetensors ("Format" in its README).
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "number_format.hpp"

namespace quantize {

// The header's own limit in the format, and ours for what is in it.
constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::size_t kMostTensors = 250'000;
constexpr std::size_t kMostMetadata = 100'000;
constexpr std::size_t kMostDimensions = 64;
constexpr std::size_t kHeaderBegin = 8;

// A file that breaks the format; what() says where.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Tensor {
  std::string name;
  const NumberFormat* format = nullptr;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  // in the data, that is, behind the header
  std::uint64_t numbers = 1;         // product of the shape

  std::uint64_t bytes() const { return end - begin; }
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

struct Header {
  Metadata metadata;
  std::vector<Tensor> tensors;   // in the order of their data
  std::uint64_t data_begin = 0;  // in the file
};

// The size of the JSON, from the first 8 bytes of a file of `file_size` bytes.
std::uint64_t header_size(std::string_view first, std::uint64_t file_size);

// Reads the JSON, with `data_size` bytes behind it. Strict: each tensor has the bytes that its
// shape and format need, tensors cover the data without gap or overlap, no name or key is there
// twice, and nothing is there that the format does not know. Calls `poll` now and then.
Header parse_header(std::string_view json, std::uint64_t data_size,
                    const std::function<void()>& poll);

// The first bytes of a file with this metadata and these tensors, whose data follow in this order;
// spaces at its end make it a multiple of 8. `begin` and `end` of the tensors are used as they are.
std::string write_header(const Metadata& metadata, const std::vector<Tensor>& tensors);

// A name as it may stand in a message: short, and printable.
std::string shown(std::string_view name);

}  // namespace quantize
