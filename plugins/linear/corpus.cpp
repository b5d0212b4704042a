#include "corpus.hpp"

#include <algorithm>
#include <cstddef>

#include "hash.hpp"

namespace linear {
namespace {

using bulkhead::PluginError;
using bulkhead::sdk::Call;
using bulkhead::sdk::Files;
using bulkhead::sdk::InputFile;

constexpr std::size_t kPollEvery = 256 * 1024;  // bytes

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\v\f") == std::string_view::npos;
}

std::uint64_t hash_of(const Call& call, std::string_view text, Hash hash) {
  hash.add_number(text.size());
  for (std::size_t at = 0; at < text.size(); at += kPollEvery) {
    call.check();
    hash.add(text.substr(at, kPollEvery));
  }
  return hash.value();
}

}  // namespace

Corpus::Corpus(const Call& call, const Files& files, std::span<const std::string_view> names,
               std::uint64_t most_bytes) {
  if (names.size() < 2 || names.size() > kMostClasses) {
    throw PluginError(BH_INVALID_ARGUMENT, "The data is one file for each class, from 2 to " +
                                               std::to_string(kMostClasses) + " of them, not " +
                                               std::to_string(names.size()) + ".");
  }
  for (const std::string_view name : names) add_label(name);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const InputFile file = files.open(call, names[i]);
    // Not the sum, which could overflow.
    if (file.size() > most_bytes - total) {
      throw PluginError(BH_RESOURCE_EXHAUSTED,
                        "The data has more than " + std::to_string(most_bytes) +
                            " bytes, the limit, with the file " + file.name() + " (" +
                            std::to_string(file.size()) +
                            " bytes). Give less data, or raise the option max_data_bytes.");
    }
    total += file.size();
    add_file(call, file, static_cast<std::uint32_t>(i));
  }
  Hash hash;
  for (const std::string& label : labels_) {
    hash.add_number(label.size());
    hash.add(label);
  }
  // Where one file ends and the next begins is told by the samples.
  for (const Sample& sample : samples_) hash.add_number(sample.label);
  fingerprint_ = hash_of(call, text_, hash);
}

void Corpus::add_label(std::string_view name) {
  const std::string_view label = name.substr(name.rfind('/') + 1);  // npos + 1 is 0
  if (label.empty() || label.size() > kLongestLabel) {
    throw PluginError(BH_INVALID_ARGUMENT, "A class is named as its file, with 1 to " +
                                               std::to_string(kLongestLabel) +
                                               " bytes after the last slash.");
  }
  if (std::find(labels_.begin(), labels_.end(), label) != labels_.end()) {
    throw PluginError(BH_INVALID_ARGUMENT,
                      "Two files are of the class " + std::string(label) +
                          "; put the lines of a class into one file, or name the files apart.");
  }
  labels_.emplace_back(label);
}

void Corpus::add_file(const Call& call, const InputFile& file, std::uint32_t label) {
  std::size_t at = text_.size();
  text_.resize(at + static_cast<std::size_t>(file.size()));
  text_.resize(at + file.read(call, 0, std::as_writable_bytes(std::span(text_).subspan(at))));
  const std::size_t before = samples_.size();
  std::size_t next_poll = at;
  for (std::size_t line = 1; at < text_.size(); ++line) {
    if (at >= next_poll) {
      call.check();
      next_poll = at + kPollEvery;
    }
    const std::size_t end = std::min(text_.find('\n', at), text_.size());
    const std::string_view text(text_.data() + at, end - at);
    if (text.size() > kLongestSample) {
      throw PluginError(BH_DATA_INVALID, "Line " + std::to_string(line) + " of the file " +
                                             file.name() + " has " + std::to_string(text.size()) +
                                             " bytes; at most " + std::to_string(kLongestSample) +
                                             " are taken. Cut it into lines, or leave it out.");
    }
    if (!blank(text)) {
      if (samples_.size() == kMostSamples) {
        throw PluginError(BH_RESOURCE_EXHAUSTED, "The data has more than " +
                                                     std::to_string(kMostSamples) +
                                                     " lines, which is the limit; give less.");
      }
      samples_.push_back(
          {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(text.size()), label});
    }
    at = end + 1;
  }
  if (samples_.size() == before) {
    throw PluginError(BH_DATA_INVALID, "The file " + file.name() +
                                           " has no line of text, so there is nothing to learn of "
                                           "its class.");
  }
}

}  // namespace linear
