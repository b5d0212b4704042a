// Counts calls without locked instructions: a thread owns a slot and is its only writer.
#pragma once

#include <atomic>
#include <cstdint>

namespace bulkhead::wire {

class CallCounters {
 public:
  void count(bool failed) {
    const unsigned index = thread_slot();
    Slot& slot = slots_[index];
    bump(slot.calls, index);
    if (failed) [[unlikely]]
      bump(slot.errors, index);
  }
  std::uint64_t calls() const;
  std::uint64_t errors() const;

 private:
  static constexpr unsigned kShared = 63;  // the slot of the threads that came too late for one
  static constexpr unsigned kUnset = 64;
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> calls{0}, errors{0};
  };

  static unsigned thread_slot() { return slot_ != kUnset ? slot_ : lease_slot(); }
  static unsigned lease_slot();
  static void bump(std::atomic<std::uint64_t>& value, unsigned index) {
    if (index == kShared) [[unlikely]] {
      value.fetch_add(1, std::memory_order_relaxed);
    } else {
      value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

  friend class SlotLease;
  [[gnu::tls_model("initial-exec")]] static thread_local constinit unsigned slot_;
  Slot slots_[kShared + 1];
};

}  // namespace bulkhead::wire
