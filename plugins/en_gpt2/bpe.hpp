// Byte-pair merging of one piece: of all neighbouring tokens whose bytes together are a token, the
// pair with the lowest rank is merged, the leftmost of several, until there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "vocabulary.hpp"

namespace en_gpt2 {

// One token of a piece.
struct Part {
  std::uint32_t size;  // bytes
  std::uint32_t id;
};

// Merges pieces; keeps its working memory from one to the next, so it belongs to one thread. Time
// is n log n in the length of a piece; working memory is bounded (see merge_long).
class Merger {
 public:
  // Receives tokens in order; false: no more are wanted.
  using Sink = std::function<bool(const Part*, std::size_t)>;

  explicit Merger(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  // The parts of a piece of at least a byte, valid until the next call.
  const std::vector<Part>& merge(std::string_view piece);

  // The same for a piece of any length, in portions. Ends early where `sink` says so.
  void merge_long(std::string_view piece, const Sink& sink);

  // Pieces up to this length are for merge().
  static constexpr std::size_t kLong = 16 * 1024;

 private:
  void merge_by_scan(std::string_view piece, std::vector<Part>& out);
  void merge_by_heap(std::string_view piece, std::vector<Part>& out);
  void merge_into(std::string_view piece, std::vector<Part>& out);
  bool stand_together(std::string_view bytes, const Part& left, const Part& right);
  bool join(std::string_view piece, std::size_t begin, std::size_t window, const Sink& sink,
            bool& wanted, std::size_t& moved);

  struct Node {  // a token that begins at this byte of the piece
    std::uint32_t id;
    std::uint32_t merged;  // what it and the next one make, or kNoToken
    std::uint32_t next, previous;
  };
  std::uint32_t merged_at(std::string_view piece, std::uint32_t at) const;

  const Vocabulary& vocabulary_;
  std::vector<Part> parts_, ahead_, pair_;
  std::vector<Node> nodes_;
  std::vector<std::uint64_t> heap_;  // rank << 32 | position
};

}  // namespace en_gpt2
