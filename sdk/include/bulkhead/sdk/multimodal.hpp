// bulkhead/sdk/multimodal.hpp: write a multimodal plugin, which turns media files into tensors.
//
//   #include <bulkhead/sdk/multimodal.hpp>
//
//   class Bytes : public bulkhead::Multimodal {
//    public:
//     MultimodalFacts info() const override { ... }
//     Probed probe(const Call&, const MediaItem& item) const override { ... }
//     void load(const Call&, const MediaItem& item, const Probed& probed,
//               std::span<const TensorMemory> tensors) const override { ... }
//   };
//   BULKHEAD_PLUGIN(Bytes)
//
// An item is loaded in two steps: probe() says from its header which tensors it makes; their memory
// is then taken from the call, which refuses what is over its limit; load() fills it. So no file
// can make a plugin take more memory than its caller allows. What the methods mean, and which
// errors they have, stands in bulkhead/abi/draft/multimodal.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/abi/draft/multimodal.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/parallel.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

struct MediaFormat {
  std::string media_type;  // "image/png"
  std::string output;      // for a person: "uint8 [height, width, channels]"
};

struct MultimodalFacts {
  std::string name;
  std::vector<MediaFormat> formats;
};

struct MediaItem {
  std::string_view bytes;       // a whole file
  std::string_view media_type;  // empty: look at the bytes
};

// A compact tensor to be made.
struct TensorSpec {
  static constexpr DLDataType kUint8 = {kDLUInt, 8, 1};
  static constexpr DLDataType kFloat32 = {kDLFloat, 32, 1};

  std::string name;  // "pixels", "samples"
  DLDataType type = kUint8;
  std::vector<std::int64_t> shape;
};

// What a file holds. A fact that does not apply is 0.
struct Probed {
  std::string media_type;
  std::uint64_t width = 0, height = 0;  // pixels
  std::uint64_t channels = 0;           // of colour or of sound
  std::uint64_t frames = 0, sample_rate = 0;
  std::vector<TensorSpec> tensors;  // that load fills
};

// Where the elements of a tensor go: uninitialised, aligned to 64.
struct TensorMemory {
  void* data = nullptr;
  std::size_t bytes = 0;

  template <class T>
  std::span<T> as() const {
    return {static_cast<T*>(data), bytes / sizeof(T)};
  }
};

class MultimodalInstance;

// One configured plugin. All functions may be called from many threads at once, so they are const.
// Made by a constructor that takes nothing or a `const bulkhead::sdk::Open&` (configuration,
// services, the call).
class Multimodal {
 public:
  using Call = sdk::Call;
  using MediaItem = sdk::MediaItem;
  using MultimodalFacts = sdk::MultimodalFacts;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;
  using Probed = sdk::Probed;
  using TensorMemory = sdk::TensorMemory;
  using TensorSpec = sdk::TensorSpec;

  virtual ~Multimodal() = default;

  virtual MultimodalFacts info() const = 0;
  // From the header alone, in little time and memory. Throws BH_UNSUPPORTED for a media type that
  // `info` does not name, BH_DATA_INVALID for a file that is malformed.
  virtual Probed probe(const Call& call, const MediaItem& item) const = 0;
  // Fills every byte of `tensors`, which are those of `probed`, what probe said of this item.
  // Errors: as probe.
  virtual void load(const Call& call, const MediaItem& item, const Probed& probed,
                    std::span<const TensorMemory> tensors) const = 0;

  // For BULKHEAD_PLUGIN: how the plugin is seen through the C ABI.
  using Instance = MultimodalInstance;
  static constexpr const char* kInterfaces[] = {BH_MULTIMODAL_1, nullptr};
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Multimodal = sdk::Multimodal;
}

#include <bulkhead/sdk/multimodal_table.hpp>
