// Byte-pair merging of one piece: of all neighbouring tokens whose bytes together are a token, the
// pair with the lowest rank is merged, the leftmost of several, until there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <bulkhead/sdk/chunked.hpp>

#include "vocabulary.hpp"

namespace en_gpt2 {

// One token of a piece.
struct Part {
  std::uint32_t size;  // bytes
  std::uint32_t id;
};

// Merges pieces; keeps its working memory from one to the next, so it belongs to one thread. Time
// is n log n in the length of a piece.
class Merger {
 public:
  explicit Merger(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  // The parts of a piece of at least a byte, valid until the next call. Working memory grows with
  // the piece: for pieces up to kLong.
  const std::vector<Part>& merge(std::string_view piece);

  // The same for a piece of any length, in portions: appends the ids to `out`. Tells `progress` now
  // and then how many bytes are done; that may throw.
  void merge_long(std::string_view piece, bulkhead::sdk::Chunked<std::uint32_t>& out,
                  const std::function<void(std::size_t)>& progress);

  static constexpr std::size_t kLong = 16 * 1024;

 private:
  void merge_by_scan(std::string_view piece, std::vector<Part>& out);
  void merge_by_heap(std::string_view piece, std::vector<Part>& out);
  void merge_into(std::string_view piece, std::vector<Part>& out);
  bool stand_together(std::string_view bytes, std::uint32_t left, std::uint32_t right);

  // The state of merge_long: parts_ is the merging of piece[begin, end), `out` that of what is
  // before it, and where they meet they stand together.
  struct LongPiece {
    std::string_view piece;
    bulkhead::sdk::Chunked<std::uint32_t>& out;
    const std::size_t floor;  // of out: what was in it before
    std::size_t begin, end;
  };
  bool join(LongPiece& state);
  void widen(LongPiece& state);

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
