#include "sdk/wire/counters.hpp"

namespace bulkhead::wire {
namespace {

constexpr std::uint64_t kOwnedSlots = (std::uint64_t{1} << 63) - 1;

// Slots that no living thread owns, as bits. One for the process, because a slot belongs to a
// thread whatever host it calls.
constinit std::atomic<std::uint64_t> free_slots{kOwnedSlots};

}  // namespace

thread_local constinit unsigned CallCounters::slot_ = CallCounters::kUnset;

class SlotLease {
 public:
  SlotLease() {
    std::uint64_t free = free_slots.load(std::memory_order_relaxed);
    while (free != 0) {
      const auto candidate = static_cast<unsigned>(__builtin_ctzll(free));
      // Acquire: the counts of the slot's former owner are visible to the new one.
      if (free_slots.compare_exchange_weak(free, free & ~(std::uint64_t{1} << candidate),
                                           std::memory_order_acquire)) {
        CallCounters::slot_ = candidate;
        return;
      }
    }
    CallCounters::slot_ = CallCounters::kShared;
  }
  ~SlotLease() {
    const unsigned slot = CallCounters::slot_;
    CallCounters::slot_ = CallCounters::kShared;  // calls from later thread-local destructors
    if (slot != CallCounters::kShared) {
      free_slots.fetch_or(std::uint64_t{1} << slot, std::memory_order_release);
    }
  }
};

unsigned CallCounters::lease_slot() {
  thread_local const SlotLease lease;
  return slot_;
}

std::uint64_t CallCounters::calls() const {
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.calls.load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t CallCounters::errors() const {
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.errors.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace bulkhead::wire
