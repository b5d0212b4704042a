// bulkhead/sdk/compression.hpp: write a compression plugin.
//
//   #include <bulkhead/sdk/compression.hpp>
//
//   class Halves : public bulkhead::Compression {
//    public:
//     explicit Halves(const Open& open) : files_(open.services) {}
//     CompressionFacts info() const override {
//       return {.name = "halves", .methods = {{"f16", "half precision"}}};
//     }
//     CompressionEstimate estimate(const Call&, const CompressionRequest&) const override { ... }
//     CompressionReport compress(const Call&, const CompressionRequest&) const override { ... }
//
//    private:
//     bulkhead::sdk::Files files_;
//   };
//   BULKHEAD_PLUGIN(Halves)
//
// What each function means, and which errors it has, stands in bulkhead/abi/draft/compression.h. A
// method that info() does not name never arrives here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/abi/draft/compression.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/config.hpp>
#include <bulkhead/sdk/files.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

struct CompressionMethod {
  std::string name;         // "int8"
  std::string description;  // for a person
};

struct CompressionFacts {
  std::string name;
  std::vector<CompressionMethod> methods;
};

// Borrowed for the call. Names are those of granted files: bulkhead/sdk/files.hpp.
struct CompressionRequest {
  std::string_view method;
  std::string_view model;
  std::string_view output;                    // not for estimate()
  std::vector<std::string_view> calibration;  // may be none
  const Config& options;                      // of the method; not checked by the host
  unsigned threads = 1;                       // that the plugin may use
};

struct CompressionEstimate {
  std::uint64_t input_bytes = 0, output_bytes = 0;  // of the files, headers included
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0;  // numbers in all tensors
};

struct CompressedTensor {
  std::string name;
  std::string before, after;  // number formats: "F32", "I8"
  std::uint64_t parameters = 0;
  std::uint64_t bytes_before = 0, bytes_after = 0;  // scales included
  double max_error = 0;                             // largest |restored - original|
  double rms_error = 0;                             // root of the mean of its square
};

struct CompressionReport {
  std::uint64_t input_bytes = 0, output_bytes = 0;
  std::vector<CompressedTensor> tensors;  // in the order of the file
  // The whole output, written and not committed: that happens when nothing else can fail any more.
  std::optional<OutputFile> output;
};

class CompressionInstance;

// One configured compression plugin. All functions may be called from many threads at once, so they
// are const. Made by a constructor that takes nothing or a `const bulkhead::sdk::Open&`.
class Compression {
 public:
  using Call = sdk::Call;
  using CompressedTensor = sdk::CompressedTensor;
  using CompressionEstimate = sdk::CompressionEstimate;
  using CompressionFacts = sdk::CompressionFacts;
  using CompressionReport = sdk::CompressionReport;
  using CompressionRequest = sdk::CompressionRequest;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;

  virtual ~Compression() = default;

  virtual CompressionFacts info() const = 0;
  virtual CompressionEstimate estimate(const Call& call,
                                       const CompressionRequest& request) const = 0;
  virtual CompressionReport compress(const Call& call, const CompressionRequest& request) const = 0;

  // For BULKHEAD_PLUGIN: how it is seen through the C ABI.
  using Instance = CompressionInstance;
  static constexpr const char* kInterfaces[] = {BH_COMPRESSION_1, nullptr};
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Compression = sdk::Compression;
}

#include <bulkhead/sdk/compression_table.hpp>
