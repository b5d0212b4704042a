// From text to tokens: special tokens, split, merge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/chunked.hpp>

#include "bpe.hpp"
#include "special.hpp"
#include "split.hpp"
#include "vocabulary.hpp"

namespace en_gpt2 {

// Where tokens go: counted, and kept if there is a list for them.
class TokenSink {
 public:
  // `limit` 0: none. `ids` nullptr: only count.
  TokenSink(std::uint64_t limit, bulkhead::sdk::Chunked<std::uint32_t>* ids)
      : limit_(limit == 0 ? UINT64_MAX : limit), ids_(ids) {}

  bool full() const { return count_ == limit_; }
  // Not to be called when full.
  void put(Part part) {
    if (ids_ != nullptr) ids_->push_back(part.id);
    ++count_;
    bytes_ += part.size;
  }
  // Tokens that were put into list(), if there is one: not more than room().
  void add(std::uint64_t count, std::uint64_t bytes) {
    count_ += count;
    bytes_ += bytes;
  }
  std::uint64_t room() const { return limit_ - count_; }
  bulkhead::sdk::Chunked<std::uint32_t>* list() const { return ids_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }  // of all tokens

 private:
  std::uint64_t limit_, count_ = 0, bytes_ = 0;
  bulkhead::sdk::Chunked<std::uint32_t>* ids_;
};

// One encoding of one text. Belongs to the thread of its call.
class Encoder {
 public:
  Encoder(const Vocabulary& vocabulary, Pattern pattern, const bulkhead::sdk::Call& call)
      : vocabulary_(vocabulary),
        next_piece_(next_piece(pattern)),
        call_(call),
        merger_(vocabulary) {}

  // Encodes `text` into `sink`, which may end it early. Text that is not UTF-8 becomes what
  // tiktoken's Encoding._encode_bytes makes of it.
  void encode(std::string_view text, const SpecialSet& special, TokenSink& sink);

 private:
  void encode_ordinary(std::string_view text, TokenSink& sink);
  void encode_invalid(std::string_view text, std::size_t valid, TokenSink& sink);
  void encode_piece(std::string_view piece, TokenSink& sink);
  void merge_long(std::string_view piece, bulkhead::sdk::Chunked<std::uint32_t>& out);
  void poll(const char* at);

  const Vocabulary& vocabulary_;
  const NextPiece next_piece_;
  const bulkhead::sdk::Call call_;
  Merger merger_;
  std::string_view whole_;
  const char* next_poll_ = nullptr;
};

}  // namespace en_gpt2
