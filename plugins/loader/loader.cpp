// loader: the multimodal plugin for images and sound.
#include <bulkhead/sdk/multimodal.hpp>

#include <algorithm>
#include <string>

#include "png.hpp"
#include "wav.hpp"

namespace loader {

class Loader final : public bulkhead::Multimodal {
 public:
  MultimodalFacts info() const override {
    return {"loader",
            {{kPng, "uint8 [height, width, channels]; 1 to 4 channels"},
             {kWav, "float32 [frames, channels], -1 to 1"}}};
  }

  Probed probe(const Call& call, const MediaItem& item) const override {
    Probed probed;
    probed.media_type = media_type_of(item);
    if (probed.media_type == kPng) {
      const PngHeader header = read_png_header(item.bytes);
      probed.width = header.width;
      probed.height = header.height;
      probed.channels = header.channels;
      probed.tensors = {
          {"pixels", TensorSpec::kUint8, {header.height, header.width, header.channels}}};
    } else {
      const WavHeader header = read_wav_header(call, item.bytes);
      probed.channels = header.channels;
      probed.frames = header.frames;
      probed.sample_rate = header.sample_rate;
      probed.tensors = {{"samples",
                         TensorSpec::kFloat32,
                         {static_cast<std::int64_t>(header.frames), header.channels}}};
    }
    return probed;
  }

  void load(const Call& call, const MediaItem& item, const Probed& probed,
            std::span<const TensorMemory> tensors) const override {
    if (probed.media_type == kPng) {
      decode_png(call, item.bytes, tensors.front().as<std::uint8_t>());
    } else {
      decode_wav(call, read_wav_header(call, item.bytes), tensors.front().as<float>());
    }
  }

 private:
  static constexpr const char* kPng = "image/png";
  static constexpr const char* kWav = "audio/wav";

  // One of the two above.
  static const char* media_type_of(const MediaItem& item) {
    if (item.media_type.empty()) {
      if (is_png(item.bytes)) return kPng;
      if (is_wav(item.bytes)) return kWav;
      throw PluginError(BH_UNSUPPORTED,
                        "The file begins neither as PNG nor as WAV does; loader reads these two.");
    }
    std::string name(item.media_type);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name == kPng) return kPng;
    for (const char* other : {kWav, "audio/wave", "audio/x-wav", "audio/vnd.wave"}) {
      if (name == other) return kWav;
    }
    throw PluginError(BH_UNSUPPORTED, "loader does not read the media type \"" +
                                          std::string(item.media_type.substr(0, 100)) +
                                          "\"; it reads image/png and audio/wav.");
  }
};

}  // namespace loader

BULKHEAD_PLUGIN(loader::Loader);
