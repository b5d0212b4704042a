// bulkhead/compression_client.hpp: a compression plugin, as an embedder calls it: a model file in,
// a smaller one out.
//
//   bulkhead::CompressionClient quantize(host.load("quantize").open());
//   auto report = quantize.compress("model.safetensors", "small.safetensors", {.method = "int8"});
//
// What the methods mean stands in bulkhead/abi/draft/compression.h, which is a draft: so is this.
#pragma once

#include <bulkhead/host.hpp>

#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include <bulkhead/abi/draft/compression.h>

namespace bulkhead {

struct CompressionMethod {
  std::string name;         // "int8"
  std::string description;  // for a person
};

struct CompressionInfo {
  std::string name;
  std::vector<CompressionMethod> methods;
};

struct CompressionOptions {
  std::string method;
  Config options{};                        // of the method
  std::vector<std::string> calibration{};  // paths
  unsigned threads = 1;                    // that the plugin may use
};

struct CompressionEstimate {
  std::uint64_t input_bytes = 0, output_bytes = 0;  // of the files
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0;  // numbers in all tensors
  bool operator==(const CompressionEstimate&) const = default;
};

// What became of one tensor.
struct CompressedTensor {
  std::string name;
  std::string before, after;  // number formats: "F32", "I8"
  std::uint64_t parameters = 0;
  std::uint64_t bytes_before = 0, bytes_after = 0;
  double max_error = 0, rms_error = 0;
  bool operator==(const CompressedTensor&) const = default;
};

struct CompressionReport {
  std::uint64_t input_bytes = 0, output_bytes = 0;  // of the files
  std::uint64_t parameters = 0;
  double bits_per_parameter = 0;
  std::vector<CompressedTensor> tensors;  // in the order of the file
  bool operator==(const CompressionReport&) const = default;
};

// The paths of a call are lent to the plugin for that call alone, under the names "model-N",
// "output-N" and "calibration-N.I", with N the number of the call: they stand in its error
// messages.
class BULKHEAD_API CompressionClient {
 public:
  // Throws Status::unsupported when the instance is of another kind.
  explicit CompressionClient(Instance instance);

  CompressionInfo info(const CallOptions& call = {}) const;
  // What compress() would give, from the header of the model.
  CompressionEstimate estimate(const std::string& model, const CompressionOptions& options,
                               const CallOptions& call = {}) const;
  // Writes the smaller model to `output`, which appears or is replaced whole, at the end. Progress
  // in bytes read. A model of many gigabytes needs a CallOptions::timeout of its own.
  CompressionReport compress(const std::string& model, const std::string& output,
                             const CompressionOptions& options, const CallOptions& call = {}) const;
  // Returns at once, or throws (Status::overloaded at the in-flight limit).
  std::future<CompressionReport> compress_async(const std::string& model, const std::string& output,
                                                const CompressionOptions& options,
                                                const CallOptions& call = {}) const;

  const Instance& instance() const { return instance_; }

 private:
  Instance instance_;
  const bh_compression_v1* table_;
};

}  // namespace bulkhead
