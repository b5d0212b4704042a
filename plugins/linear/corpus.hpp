// The data of a run: lines of text, each of the class that its file is named for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <bulkhead/sdk/files.hpp>

namespace linear {

class Corpus {
 public:
  static constexpr std::size_t kMostClasses = 1024;
  static constexpr std::size_t kMostSamples = 1 << 24;
  static constexpr std::size_t kLongestSample = 64 * 1024;  // bytes
  static constexpr std::size_t kLongestLabel = 255;         // bytes

  // Reads the files. A class is named as its file, after the last slash of the granted name. A
  // sample is a line that is not blank. Throws BH_INVALID_ARGUMENT for names,
  // BH_RESOURCE_EXHAUSTED for more than `most_bytes`, BH_DATA_INVALID for what can't be samples.
  Corpus(const bulkhead::sdk::Call& call, const bulkhead::sdk::Files& files,
         std::span<const std::string_view> names, std::uint64_t most_bytes);

  const std::vector<std::string>& labels() const { return labels_; }
  std::size_t size() const { return samples_.size(); }
  std::string_view text(std::size_t sample) const {
    return std::string_view(text_).substr(samples_[sample].begin, samples_[sample].size);
  }
  std::uint32_t label(std::size_t sample) const { return samples_[sample].label; }
  // Of labels and texts: other data has another one.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  struct Sample {
    std::uint32_t begin, size, label;
  };
  void add_label(std::string_view name);
  void add_file(const bulkhead::sdk::Call& call, const bulkhead::sdk::InputFile& file,
                std::uint32_t label);

  std::vector<std::string> labels_;
  std::string text_;
  std::vector<Sample> samples_;  // in the order of files and lines
  std::uint64_t fingerprint_ = 0;
};

}  // namespace linear
