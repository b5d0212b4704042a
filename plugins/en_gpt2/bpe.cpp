#include "bpe.hpp"

#include <algorithm>
#include <array>

namespace en_gpt2 {
namespace {

constexpr std::size_t kScan = 96;       // up to here looking at every pair beats a heap
constexpr std::size_t kOverlap = 1024;  // bytes that neighbouring portions share at first

}  // namespace

// --- short pieces ---

void Merger::merge_by_scan(std::string_view piece, std::vector<Part>& out) {
  struct Item {
    std::uint32_t start;
    std::uint32_t id;
    std::uint32_t merged;  // with the next one
  };
  std::array<Item, kScan + 1> items;
  std::size_t count = piece.size();
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(piece[i]); };
  for (std::size_t i = 0; i < count; ++i) {
    items[i] = {static_cast<std::uint32_t>(i), vocabulary_.byte_token(byte(i)),
                i + 1 < count ? vocabulary_.pair_token(byte(i), byte(i + 1)) : kNoToken};
  }
  items[count].start = static_cast<std::uint32_t>(count);

  const auto merged_at = [&](std::size_t i) {
    if (i + 1 >= count) return kNoToken;
    return vocabulary_.find(piece.substr(items[i].start, items[i + 2].start - items[i].start));
  };
  for (;;) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < count; ++i) {
      if (items[i].merged < items[best].merged) best = i;
    }
    if (items[best].merged == kNoToken) break;
    items[best].id = items[best].merged;
    std::copy(items.begin() + best + 2, items.begin() + count + 1, items.begin() + best + 1);
    --count;
    items[best].merged = merged_at(best);
    if (best > 0) items[best - 1].merged = merged_at(best - 1);
  }
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({items[i + 1].start - items[i].start, items[i].id});
  }
}

// --- longer ones ---

std::uint32_t Merger::merged_at(std::string_view piece, std::uint32_t at) const {
  const std::uint32_t second = nodes_[at].next;
  if (second >= piece.size()) return kNoToken;
  return vocabulary_.find(piece.substr(at, nodes_[second].next - at));
}

void Merger::merge_by_heap(std::string_view piece, std::vector<Part>& out) {
  const auto size = static_cast<std::uint32_t>(piece.size());
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(piece[i]); };
  nodes_.resize(size);
  heap_.clear();
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::uint32_t merged =
        i + 1 < size ? vocabulary_.pair_token(byte(i), byte(i + 1)) : kNoToken;
    nodes_[i] = {vocabulary_.byte_token(byte(i)), merged, i + 1, i - 1};
    if (merged != kNoToken) heap_.push_back(std::uint64_t{merged} << 32 | i);
  }
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());

  const auto look_again = [&](std::uint32_t at) {
    const std::uint32_t merged = merged_at(piece, at);
    nodes_[at].merged = merged;
    if (merged == kNoToken) return;
    heap_.push_back(std::uint64_t{merged} << 32 | at);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  };
  while (!heap_.empty()) {
    const std::uint64_t best = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    const auto at = static_cast<std::uint32_t>(best);
    Node& left = nodes_[at];
    if (left.merged != static_cast<std::uint32_t>(best >> 32)) continue;  // it has changed since
    Node& right = nodes_[left.next];
    right.merged = kNoToken;
    left.id = left.merged;
    left.next = right.next;
    if (left.next < size) nodes_[left.next].previous = at;
    look_again(at);
    if (at > 0) look_again(left.previous);
  }
  for (std::uint32_t at = 0; at < size; at = nodes_[at].next) {
    out.push_back({nodes_[at].next - at, nodes_[at].id});
  }
}

void Merger::merge_into(std::string_view piece, std::vector<Part>& out) {
  if (piece.size() <= kScan) {
    merge_by_scan(piece, out);
  } else {
    merge_by_heap(piece, out);
  }
}

const std::vector<Part>& Merger::merge(std::string_view piece) {
  parts_.clear();
  merge_into(piece, parts_);
  return parts_;
}

// --- pieces of any length ---
//
// A sequence of tokens is the merging of its bytes exactly when each two neighbours are the merging
// of their own bytes: they stand together. (Take the first merge across a boundary of the sequence:
// up to then both sides went as they go alone, so the same merge would happen in the two neighbours
// alone.) So a piece is merged in portions that overlap, and where a token of one portion and the
// next token in the other stand together, the portions are joined.

// Whether the merging of `bytes`, those of both tokens, is both tokens.
bool Merger::stand_together(std::string_view bytes, std::uint32_t left, std::uint32_t right) {
  pair_.clear();
  merge_into(bytes, pair_);
  return pair_.size() == 2 && pair_[0].id == left && pair_[1].id == right;
}

// Merges a portion that begins kOverlap or more bytes before the end of the last one, and moves the
// tokens before the joint to `out`. False: there is no joint.
bool Merger::join(LongPiece& state) {
  const std::size_t window = state.end - state.begin;
  for (std::size_t overlap = kOverlap; overlap < window; overlap *= 2) {
    std::size_t first = 0, start = state.begin;  // the token that the new portion begins with
    while (first < parts_.size() && start + parts_[first].size + overlap <= state.end) {
      start += parts_[first++].size;
    }
    if (first == 0) return false;
    ahead_.clear();
    merge_into(state.piece.substr(start, kLong), ahead_);

    std::size_t a = first, b = 0, end_a = start, begin_b = start;
    while (b < ahead_.size()) {
      if (end_a == begin_b) {
        const Part &left = parts_[a - 1], &right = ahead_[b];
        const std::string_view both = state.piece.substr(end_a - left.size, left.size + right.size);
        if (stand_together(both, left.id, right.id)) {
          for (std::size_t i = 0; i < a; ++i) state.out.push_back(parts_[i].id);
          parts_.assign(ahead_.begin() + static_cast<std::ptrdiff_t>(b), ahead_.end());
          state.begin = end_a;
          state.end = std::min(state.piece.size(), start + kLong);
          return true;
        }
      }
      if (end_a <= begin_b) {
        if (a == parts_.size()) break;
        end_a += parts_[a++].size;
      } else {
        begin_b += ahead_[b++].size;
      }
    }
  }
  return false;
}

// Makes the portion twice as long; and where that changes how it begins, so that it no longer
// stands together with what is before it, takes that back too, until it does.
void Merger::widen(LongPiece& state) {
  std::size_t step = state.end - state.begin;
  state.end = std::min(state.piece.size(), state.end + step);
  for (;; step *= 2) {
    merge(state.piece.substr(state.begin, state.end - state.begin));
    if (state.out.size() == state.floor) return;
    const std::uint32_t last = state.out.back();
    const std::size_t size = vocabulary_.bytes(last).size();
    const std::string_view both =
        state.piece.substr(state.begin - size, size + parts_.front().size);
    if (stand_together(both, last, parts_.front().id)) return;
    for (std::size_t back = 0; back < step && state.out.size() != state.floor;) {
      const std::size_t taken = vocabulary_.bytes(state.out.back()).size();
      state.out.pop_back();
      state.begin -= taken;
      back += taken;
    }
  }
}

void Merger::merge_long(std::string_view piece, bulkhead::sdk::Chunked<std::uint32_t>& out,
                        const std::function<void(std::size_t)>& progress) {
  LongPiece state{piece, out, out.size(), 0, std::min(piece.size(), kLong)};
  merge(piece.substr(0, state.end));
  while (state.end < piece.size()) {
    progress(state.begin);
    if (!join(state)) widen(state);
  }
  for (const Part& part : parts_) out.push_back(part.id);
}

}  // namespace en_gpt2
