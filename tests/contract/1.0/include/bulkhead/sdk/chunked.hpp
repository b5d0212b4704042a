// bulkhead/sdk/chunked.hpp: a list that grows without copying what it has, for results whose length
// is known only at the end. Its chunks are given back one by one while they are copied into memory
// of the call, so a large result is in memory about once.
#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace bulkhead::sdk {

template <class T>
class Chunked {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Chunked() = default;
  Chunked(std::initializer_list<T> values) { append({values.begin(), values.size()}); }
  Chunked(const std::vector<T>& values) { append(values); }
  Chunked(Chunked&& other) noexcept { swap(other); }
  Chunked& operator=(Chunked&& other) noexcept {
    Chunked(std::move(other)).swap(*this);
    return *this;
  }

  std::size_t size() const noexcept {
    return filled_ + static_cast<std::size_t>(next_ - begin_of_last());
  }
  bool empty() const noexcept { return size() == 0; }

  void push_back(T value) {
    if (next_ == end_) grow(1);
    *next_++ = value;
  }
  void append(std::span<const T> values) {
    while (!values.empty()) {
      if (next_ == end_) grow(values.size());
      const std::size_t part = std::min<std::size_t>(values.size(), end_ - next_);
      std::memcpy(next_, values.data(), part * sizeof(T));
      next_ += part;
      values = values.subspan(part);
    }
  }

  // The last value, and taking it away; not for an empty list.
  T back() const noexcept { return next_[-1]; }
  void pop_back() noexcept {
    if (--next_ != begin_of_last()) return;
    chunks_.pop_back();  // no chunk is ever empty
    if (chunks_.empty()) {
      Chunked().swap(*this);
      return;
    }
    filled_ -= chunks_.back().capacity;
    next_ = end_ = chunks_.back().values.get() + chunks_.back().capacity;
  }

  // Calls visit(std::span<const T>) for each part, in order.
  template <class Visit>
  void for_each_part(Visit&& visit) const {
    for (const Chunk& chunk : chunks_) visit(part_of(chunk));
  }

  // Copies everything to `to`, room for size() values, and leaves the list empty. Goes backwards,
  // since an allocator gives memory back to the system from its end.
  void drain(T* to) {
    to += size();
    while (!chunks_.empty()) {
      const std::span<const T> part(chunks_.back().values.get(), next_);
      to -= part.size();
      std::memcpy(to, part.data(), part.size_bytes());
      chunks_.pop_back();
      if (!chunks_.empty()) next_ = chunks_.back().values.get() + chunks_.back().capacity;
    }
    Chunked().swap(*this);
  }

 private:
  struct Chunk {
    std::unique_ptr<T[]> values;
    std::size_t capacity;
  };
  static constexpr std::size_t kFirst = 64, kLargest = 64 * 1024;

  const T* begin_of_last() const noexcept {
    return chunks_.empty() ? nullptr : chunks_.back().values.get();
  }
  // Every chunk but the last is full.
  std::span<const T> part_of(const Chunk& chunk) const noexcept {
    const T* begin = chunk.values.get();
    return {begin,
            &chunk == &chunks_.back() ? static_cast<std::size_t>(next_ - begin) : chunk.capacity};
  }
  void grow(std::size_t wanted) {
    const std::size_t twice = chunks_.empty() ? kFirst : chunks_.back().capacity * 2;
    const std::size_t capacity = std::min(std::max(twice, wanted), kLargest);
    std::unique_ptr<T[]> values(new T[capacity]);
    T* begin = values.get();
    const std::size_t filled = size();
    chunks_.push_back({std::move(values), capacity});
    filled_ = filled;
    next_ = begin;
    end_ = begin + capacity;
  }
  void swap(Chunked& other) noexcept {
    chunks_.swap(other.chunks_);
    std::swap(filled_, other.filled_);
    std::swap(next_, other.next_);
    std::swap(end_, other.end_);
  }

  std::vector<Chunk> chunks_;
  std::size_t filled_ = 0;  // values in all chunks but the last
  T* next_ = nullptr;
  T* end_ = nullptr;
};

}  // namespace bulkhead::sdk
