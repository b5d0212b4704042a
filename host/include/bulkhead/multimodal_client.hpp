// bulkhead/multimodal_client.hpp: a multimodal plugin, as an embedder calls it: media files in,
// tensors out.
//
//   bulkhead::MultimodalClient loader(host.load("loader").open());
//   bulkhead::Media image = loader.load({.bytes = file});
//   image.tensors.front().shape();  // height, width, channels
//
// Not included by host.hpp, because tensors are DLPack's. What the methods mean stands in
// bulkhead/abi/draft/multimodal.h, which is a draft.
#pragma once

#include <bulkhead/host.hpp>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/abi/draft/multimodal.h>

namespace bulkhead {

struct MediaFormat {
  std::string media_type;  // "image/png"
  std::string output;      // for a person: "uint8 [height, width, channels]"
};

struct MultimodalInfo {
  std::string name;
  std::vector<MediaFormat> formats;
};

struct MediaItem {
  std::string_view bytes;         // a whole file
  std::string_view media_type{};  // empty: the plugin looks at the bytes
};

// What a file holds. A fact that does not apply is 0.
struct MediaFacts {
  std::string media_type;
  std::uint64_t width = 0, height = 0;  // pixels
  std::uint64_t channels = 0;           // of colour or of sound
  std::uint64_t frames = 0, sample_rate = 0;
  std::uint64_t bytes = 0;  // of all tensors that load gives
  bool operator==(const MediaFacts&) const = default;
};

// A compact tensor in CPU memory. Copies share the elements with it and with all other tensors of
// the same call; they live as long as one of these does, also after the host.
class BULKHEAD_API MediaTensor {
 public:
  const std::string& name() const { return name_; }
  DLDataType type() const { return tensor_->dtype; }
  std::span<const std::int64_t> shape() const {
    return {tensor_->shape, static_cast<std::size_t>(tensor_->ndim)};
  }
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(tensor_->data), bh_tensor_bytes(tensor_)};
  }
  // The elements, row-major. Throws Status::invalid_argument where they are of another type.
  std::span<const std::uint8_t> uint8() const;
  std::span<const float> float32() const;
  // Borrowed.
  const DLTensor& dlpack() const { return *tensor_; }
  // For a consumer of DLPack, who calls its deleter in the end. The elements are still shared.
  DLManagedTensor* to_dlpack() const;

 private:
  friend class MultimodalClient;
  MediaTensor(std::shared_ptr<const void> owner, const bh_named_tensor& tensor)
      : owner_(std::move(owner)),
        name_(tensor.name.data, tensor.name.size),
        tensor_(&tensor.tensor) {}
  const void* elements(DLDataType type) const;

  std::shared_ptr<const void> owner_;
  std::string name_;
  const DLTensor* tensor_;
};

struct Media {
  MediaFacts facts;
  std::vector<MediaTensor> tensors;
};

class BULKHEAD_API MultimodalClient {
 public:
  // Throws Status::unsupported when the instance is of another kind.
  explicit MultimodalClient(Instance instance);

  MultimodalInfo info(const CallOptions& call = {}) const;
  // What the files hold, from their headers alone. All or nothing; the text of an error says which
  // item it is.
  std::vector<MediaFacts> probe(std::span<const MediaItem> items,
                                const CallOptions& call = {}) const;
  MediaFacts probe(const MediaItem& item, const CallOptions& call = {}) const;
  // The files as tensors, in the order of `items`. All or nothing. Throws Status::out_of_memory,
  // before anything is decoded, where they exceed the policy's limits.output.
  std::vector<Media> load(std::span<const MediaItem> items, unsigned threads = 1,
                          const CallOptions& call = {}) const;
  Media load(const MediaItem& item, const CallOptions& call = {}) const;
  // Returns at once, or throws (Status::overloaded at the in-flight limit). The files are copied.
  std::future<std::vector<Media>> load_async(std::span<const MediaItem> items, unsigned threads = 1,
                                             const CallOptions& call = {}) const;

  const Instance& instance() const { return instance_; }

 private:
  struct Loading;
  static std::vector<Media> take(const std::shared_ptr<Loading>& loading);
  Instance instance_;
  const bh_multimodal_v1* table_;
};

}  // namespace bulkhead
