// From text to features: lower-cased words and byte n-grams, each hashed to one of `dimension`
// places. Any bytes are text; what is above ASCII belongs to words and has no case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hash.hpp"

namespace linear {

class Features {
 public:
  Features(std::uint32_t dimension, bool words, std::size_t ngram)
      : dimension_(dimension), words_(words), ngram_(ngram) {}

  std::uint32_t dimension() const { return dimension_; }

  // visit(place) for each token of the text, in a fixed order; a token that comes twice is visited
  // twice.
  template <class Visit>
  void visit(std::string_view text, Visit&& visit) const {
    if (words_) {
      Hash hash;
      bool inside = false;
      for (const char raw : text) {
        const auto byte = static_cast<unsigned char>(raw);
        if (of_word(byte)) {
          hash.add(lower(byte));
          inside = true;
        } else if (inside) {
          visit(place(hash, kWord));
          hash = {};
          inside = false;
        }
      }
      if (inside) visit(place(hash, kWord));
    }
    if (ngram_ == 0) return;
    for (std::size_t at = 0; at + ngram_ <= text.size(); ++at) {
      Hash hash;
      for (std::size_t i = 0; i < ngram_; ++i) {
        hash.add(lower(static_cast<unsigned char>(text[at + i])));
      }
      visit(place(hash, kGram));
    }
  }

 private:
  // A word and an n-gram of the same bytes are two tokens.
  static constexpr unsigned char kWord = 1, kGram = 2;

  static unsigned char lower(unsigned char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<unsigned char>(byte + ('a' - 'A')) : byte;
  }
  static bool of_word(unsigned char byte) {
    const unsigned char low = lower(byte);
    return (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
  }
  std::uint32_t place(Hash hash, unsigned char kind) const {
    hash.add(kind);
    // The low bits of FNV are its best mixed ones; a second multiplication carries them up.
    const std::uint64_t mixed = (hash.value() ^ (hash.value() >> 32)) * 0x9e3779b97f4a7c15;
    return static_cast<std::uint32_t>(((mixed >> 32) * dimension_) >> 32);
  }

  std::uint32_t dimension_;
  bool words_;
  std::size_t ngram_;
};

}  // namespace linear
