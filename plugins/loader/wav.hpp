// WAV sound: uncompressed samples in a RIFF file (Microsoft, "Multimedia Programming Interface and
// Data Specifications 1.0", 1991, and "Multiple Channel Audio Data and WAVE Files", 2007).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <bulkhead/sdk/call.hpp>

namespace loader {

struct WavHeader {
  enum class Encoding { integer, real };
  Encoding encoding = Encoding::integer;
  unsigned bits = 0;  // of a sample: 8, 16, 24, 32; 32 or 64 for real ones
  std::uint32_t channels = 0, sample_rate = 0;
  std::uint64_t frames = 0;
  std::string_view data;  // in the file: frames * channels samples
};

bool is_wav(std::string_view file);

// Throws BH_DATA_INVALID for a file that is malformed or not finished, BH_UNSUPPORTED for samples
// of another encoding.
WavHeader read_wav_header(const bulkhead::sdk::Call& call, std::string_view file);

// frames * channels samples, frame by frame. Integers become -1 to 1 (just below 1); real ones stay
// as they are, also beyond 1. Throws BH_DATA_INVALID for one that is no finite float.
void decode_wav(const bulkhead::sdk::Call& call, const WavHeader& header, std::span<float> samples);

}  // namespace loader
