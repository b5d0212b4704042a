// @NAME@: turns files into tensors. Replace the three functions by your own.
#include <bulkhead/sdk/multimodal.hpp>

#include <cstring>
#include <string>

class @CLASS@ : public bulkhead::Multimodal {
 public:
  MultimodalFacts info() const override {
    return {.name = "bytes", .formats = {{.media_type = kBytes, .output = "uint8 [size]"}}};
  }

  // Which tensors the file makes: from its header alone, and without trusting it.
  Probed probe(const Call&, const MediaItem& item) const override {
    if (!item.media_type.empty() && item.media_type != kBytes) {
      throw PluginError(BH_UNSUPPORTED, "'" + std::string(item.media_type.substr(0, 100)) +
                                            "' is not read; " + kBytes + " is");
    }
    Probed probed;
    probed.media_type = kBytes;
    probed.tensors = {{.name = "bytes",
                       .type = TensorSpec::kUint8,
                       .shape = {static_cast<std::int64_t>(item.bytes.size())}}};
    return probed;
  }

  // Fills them; their memory is there, and within the caller's limit.
  void load(const Call&, const MediaItem& item, const Probed&,
            std::span<const TensorMemory> tensors) const override {
    if (item.bytes.empty()) return;
    std::memcpy(tensors[0].data, item.bytes.data(), item.bytes.size());
  }

 private:
  static constexpr const char* kBytes = "application/octet-stream";
};

BULKHEAD_PLUGIN(@CLASS@);
