#include "sdk/wire/call_context.hpp"

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "sdk/wire/code_point.hpp"

namespace bulkhead::wire {
namespace {

constexpr std::size_t kAlignment = 64;

std::string_view view(bh_text text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

void* allocate(bh_call* call, std::size_t size) { return CallContext::of(call).allocate(size); }

void progress(bh_call* call, std::uint64_t done, std::uint64_t total) {
  if (CallSink* sink = CallContext::of(call).sink()) sink->progress(done, total);
}

void log(bh_call* call, std::uint32_t level, bh_text line) {
  if (CallSink* sink = CallContext::of(call).sink()) sink->log(level, view(line));
}

void fail(bh_call* call, bh_text message) { CallContext::of(call).fail(view(message)); }

bh_status should_stop(bh_call* call) { return CallContext::of(call).should_stop(); }

constexpr bh_call_functions kFunctions = {
    sizeof(bh_call_functions), 0, allocate, progress, log, fail, should_stop};

// The blocks of a call by address. A result of many parts asks for each of them who owns it.
struct BlockIndex {
  struct Range {
    std::uintptr_t begin;
    std::size_t size;
  };
  std::vector<Range> ranges;  // ascending

  bool covers(std::uintptr_t at, std::size_t size) const {
    const auto above = std::upper_bound(
        ranges.begin(), ranges.end(), at,
        [](std::uintptr_t address, const Range& range) { return address < range.begin; });
    if (above == ranges.begin()) return false;
    const Range& range = above[-1];
    return at - range.begin <= range.size && size <= range.size - (at - range.begin);
  }
};

constexpr std::size_t kFewBlocks = 16;

}  // namespace

// Precedes the bytes of one allocation; as large as the alignment, so that they are aligned too.
struct alignas(kAlignment) CallContext::Block {
  Block* next;
  std::size_t size;
  std::size_t count;                  // this one and those after it
  std::unique_ptr<BlockIndex> index;  // of these, made when they are many and owns() is asked

  // Null where there is no memory for it.
  const BlockIndex* indexed() {
    if (index != nullptr) return index.get();
    try {
      auto made = std::make_unique<BlockIndex>();
      made->ranges.reserve(count);
      for (const Block* block = this; block != nullptr; block = block->next) {
        made->ranges.push_back({reinterpret_cast<std::uintptr_t>(block + 1), block->size});
      }
      std::sort(made->ranges.begin(), made->ranges.end(),
                [](const auto& a, const auto& b) { return a.begin < b.begin; });
      index = std::move(made);
    } catch (const std::bad_alloc&) {
    }
    return index.get();
  }
};

std::int64_t monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

CallContext::CallContext() : bh_call{sizeof(bh_call), 0, 0, 0, &stop_, &kFunctions} {}

CallContext::~CallContext() { reset(); }

void CallContext::reset() {
  while (blocks_ != nullptr) {
    Block* next = blocks_->next;
    blocks_->~Block();
    std::free(blocks_);
    blocks_ = next;
  }
  allocated_ = 0;
  deadline_ns = 0;
  if (!error_.empty()) error_.clear();
  __atomic_store_n(&stop_, 0, __ATOMIC_RELAXED);
}

void* CallContext::allocate(std::size_t size) {
  if (size > output_limit_ || allocated_ > output_limit_ - size) return nullptr;
  const std::size_t padded = (size + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, sizeof(Block) + padded);
  if (memory == nullptr) return nullptr;
  if (blocks_ != nullptr) blocks_->index.reset();  // of no more use
  auto* block =
      new (memory) Block{blocks_, size, blocks_ == nullptr ? 1 : blocks_->count + 1, nullptr};
  blocks_ = block;
  allocated_ += size;
  return block + 1;
}

bool CallContext::owns(const void* data, std::size_t size) const {
  if (size == 0) return true;
  const auto at = reinterpret_cast<std::uintptr_t>(data);
  if (blocks_ != nullptr && blocks_->count > kFewBlocks) {
    if (const BlockIndex* index = blocks_->indexed()) return index->covers(at, size);
  }
  for (const Block* block = blocks_; block != nullptr; block = block->next) {
    const auto start = reinterpret_cast<std::uintptr_t>(block + 1);
    if (at >= start && at - start <= block->size) return size <= block->size - (at - start);
  }
  return false;
}

void CallContext::fail(std::string_view message) { error_ = one_line(message, kMaxErrorBytes); }

void CallContext::note_stop(Stop reason) {
  std::uint32_t none = 0;
  __atomic_compare_exchange_n(&stop_, &none, static_cast<std::uint32_t>(reason), false,
                              __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

void CallContext::stop(Stop reason) {
  note_stop(reason);
  const std::lock_guard lock(waker_mutex_);
  if (waker_ != nullptr) waker_->wake();
}

void CallContext::set_waker(Waker* waker) {
  const std::lock_guard lock(waker_mutex_);
  waker_ = waker;
}

bh_status CallContext::should_stop() {
  switch (stopped()) {
    case Stop::cancelled:
      return BH_CANCELLED;
    case Stop::deadline:
      return BH_DEADLINE_EXCEEDED;
    case Stop::none:
      break;
  }
  if (closed_ != nullptr && closed_->load(std::memory_order_relaxed)) {
    note_stop(Stop::cancelled);
    return BH_CANCELLED;
  }
  if (deadline_ns == 0) {
    // A direct call that nobody timed: its time starts at the first question, because reading the
    // clock at every start would cost more than the whole call.
    // Atomic: threads of the plugin that work for the call may look at it.
    if (default_timeout_ns_ != 0) {
      __atomic_store_n(&deadline_ns, monotonic_now() + default_timeout_ns_, __ATOMIC_RELAXED);
    }
  } else if (monotonic_now() >= deadline_ns) {
    note_stop(Stop::deadline);
    return BH_DEADLINE_EXCEEDED;
  }
  return BH_OK;
}

}  // namespace bulkhead::wire
