#include "wav.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>

#include <bulkhead/sdk/error.hpp>

namespace loader {
namespace {

using bulkhead::sdk::Call;
using bulkhead::sdk::PluginError;
using Encoding = WavHeader::Encoding;

constexpr std::uint32_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;
// What follows the format's number in a GUID that stands for it.
constexpr std::string_view kGuidTail("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71",
                                     14);
constexpr std::uint32_t kUnfinished = 0xFFFFFFFF;  // what writers leave that can't seek back
constexpr std::size_t kSamplesPerPoll = std::size_t{64} * 1024;
constexpr std::size_t kChunksPerPoll = 4096;

[[noreturn]] void refuse(const std::string& why) {
  throw PluginError(BH_DATA_INVALID, "The WAV file is malformed: " + why + ".");
}

// `Bytes` bytes as a little-endian number.
template <std::size_t Bytes>
std::uint64_t number(const char* from) {
  std::uint64_t value = 0;
  for (std::size_t i = Bytes; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(from[i]);
  return value;
}
std::uint32_t u16(std::string_view from, std::size_t at) {
  return static_cast<std::uint32_t>(number<2>(from.data() + at));
}
std::uint32_t u32(std::string_view from, std::size_t at) {
  return static_cast<std::uint32_t>(number<4>(from.data() + at));
}

// The chunks of a RIFF file of form WAVE, one after the other.
class Chunks {
 public:
  explicit Chunks(std::string_view file) {
    if (file.size() < 12) refuse("the file ends inside of its header");
    const std::uint32_t size = u32(file, 4);
    if (size == kUnfinished) {
      refuse("its size was never written; whoever made it did not finish it");
    }
    if (size < 4 || size > file.size() - 8) {
      refuse("its header says " + std::to_string(std::uint64_t{size} + 8) +
             " bytes, the file has " + std::to_string(file.size()));
    }
    rest_ = file.substr(12, size - 4);
  }

  struct Chunk {
    std::string_view name, body;
  };
  // None at the end.
  std::optional<Chunk> next() {
    if (rest_.empty()) return std::nullopt;
    if (rest_.size() < 8) refuse("it ends inside of a chunk's header");
    const std::uint32_t size = u32(rest_, 4);
    if (size > rest_.size() - 8) {
      refuse("a chunk has " + std::to_string(size) + " bytes, but only " +
             std::to_string(rest_.size() - 8) + " are left");
    }
    const Chunk chunk = {rest_.substr(0, 4), rest_.substr(8, size)};
    // A byte of padding follows an odd size; at the very end many writers forget it.
    rest_.remove_prefix(std::min<std::size_t>(rest_.size(), std::size_t{8} + size + size % 2));
    return chunk;
  }

 private:
  std::string_view rest_;
};

std::string encoding_name(std::uint32_t format, std::uint32_t bits) {
  return "encoding " + std::to_string(format) + " with " + std::to_string(bits) + " bits a sample";
}

// The body of a "fmt " chunk. Its bytes a second are not looked at: many files have them wrong, and
// nothing depends on them.
WavHeader read_format(std::string_view body) {
  if (body.size() < 16) refuse("its format has less than 16 bytes");
  std::uint32_t format = u16(body, 0);
  WavHeader header;
  header.channels = u16(body, 2);
  header.sample_rate = u32(body, 4);
  header.bits = u16(body, 14);
  const std::uint32_t frame_bytes = u16(body, 12);
  if (format == kExtensible) {
    if (body.size() < 40 || u16(body, 16) < 22) refuse("its extended format is too short");
    if (body.substr(26, 14) != kGuidTail) {
      throw PluginError(BH_UNSUPPORTED, "The WAV file has samples of a private encoding.");
    }
    format = u16(body, 24);
    // Fewer valid bits lie at the top of each sample, so their scale is the same.
    if (u16(body, 18) > header.bits) refuse("more bits of a sample are valid than it has");
  }
  const bool integer = format == kPcm && (header.bits == 8 || header.bits == 16 ||
                                          header.bits == 24 || header.bits == 32);
  const bool real = format == kFloat && (header.bits == 32 || header.bits == 64);
  if (!integer && !real) {
    throw PluginError(BH_UNSUPPORTED, "The WAV file has samples of " +
                                          encoding_name(format, header.bits) +
                                          "; integers of 8, 16, 24 and 32 bits (encoding 1) and "
                                          "floats of 32 and 64 bits (encoding 3) can be read.");
  }
  header.encoding = integer ? Encoding::integer : Encoding::real;
  if (header.channels == 0) refuse("it has no channels");
  if (header.sample_rate == 0) refuse("it has no sample rate");
  if (frame_bytes != header.channels * (header.bits / 8)) {
    refuse("a frame of " + std::to_string(header.channels) + " samples of " +
           std::to_string(header.bits) + " bits can't have " + std::to_string(frame_bytes) +
           " bytes");
  }
  return header;
}

// ---- samples

float from_u8(const char* from) {
  return (static_cast<float>(static_cast<std::uint8_t>(*from)) - 128.0f) * 0x1p-7f;
}
// A signed number of `Bytes` bytes: shifted to the top of 32 bits, so that its sign is theirs.
template <std::size_t Bytes>
float from_integer(const char* from) {
  const auto bits = static_cast<std::uint32_t>(number<Bytes>(from) << (32 - 8 * Bytes));
  return static_cast<float>(static_cast<std::int32_t>(bits)) * 0x1p-31f;
}
float from_f32(const char* from) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(number<4>(from)));
}
float from_f64(const char* from) {
  const auto value = std::bit_cast<double>(number<8>(from));
  constexpr double kLargest = 0x1.fffffep127;
  return std::abs(value) <= kLargest ? static_cast<float>(value) : INFINITY;  // NaN, too
}

template <std::size_t Bytes, float (*Convert)(const char*)>
void convert(const Call& call, const WavHeader& header, std::span<float> samples) {
  for (std::size_t begin = 0; begin < samples.size(); begin += kSamplesPerPoll) {
    call.check();
    const std::size_t end = std::min(samples.size(), begin + kSamplesPerPoll);
    const char* from = header.data.data() + begin * Bytes;
    bool finite = true;
    for (std::size_t i = begin; i < end; ++i, from += Bytes) {
      samples[i] = Convert(from);
      if (header.encoding == Encoding::real) finite &= std::isfinite(samples[i]);
    }
    if (!finite) {
      const auto wrong = std::find_if(samples.begin() + static_cast<std::ptrdiff_t>(begin),
                                      samples.begin() + static_cast<std::ptrdiff_t>(end),
                                      [](float sample) { return !std::isfinite(sample); });
      refuse("sample " + std::to_string(wrong - samples.begin()) + " is no finite float");
    }
    call.progress(end, samples.size());
  }
}

}  // namespace

bool is_wav(std::string_view file) {
  return file.starts_with("RIFF") && file.size() >= 12 && file.substr(8, 4) == "WAVE";
}

WavHeader read_wav_header(const Call& call, std::string_view file) {
  if (!is_wav(file)) refuse("it does not begin with RIFF and WAVE");
  Chunks chunks(file);
  std::optional<WavHeader> header;
  for (std::size_t count = 1;; ++count) {
    if (count % kChunksPerPoll == 0) call.check();
    const auto chunk = chunks.next();
    if (!chunk) refuse(header ? "it has no data" : "it has no format");
    if (chunk->name == "fmt ") {
      if (header) refuse("it has two formats");
      header = read_format(chunk->body);
    } else if (chunk->name == "data") {
      if (!header) refuse("its data comes before its format");
      const std::uint64_t frame_bytes = std::uint64_t{header->channels} * (header->bits / 8);
      if (chunk->body.size() % frame_bytes != 0) refuse("its data ends inside of a frame");
      header->data = chunk->body;
      header->frames = chunk->body.size() / frame_bytes;
      return *header;
    }
  }
}

void decode_wav(const Call& call, const WavHeader& header, std::span<float> samples) {
  if (samples.size() != header.frames * header.channels) {
    throw PluginError(BH_INTERNAL, "The WAV file has another size than its header says.");
  }
  if (header.encoding == Encoding::real) {
    return header.bits == 32 ? convert<4, from_f32>(call, header, samples)
                             : convert<8, from_f64>(call, header, samples);
  }
  switch (header.bits) {
    case 8:
      return convert<1, from_u8>(call, header, samples);
    case 16:
      return convert<2, from_integer<2>>(call, header, samples);
    case 24:
      return convert<3, from_integer<3>>(call, header, samples);
    default:
      return convert<4, from_integer<4>>(call, header, samples);
  }
}

}  // namespace loader
