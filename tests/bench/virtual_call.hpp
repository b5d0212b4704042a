// The peer of a call in process: a virtual call whose target the caller's compiler can't know.
#pragma once

#include <cstdint>
#include <memory>

namespace bulkhead::bench {

class Counter {
 public:
  virtual ~Counter() = default;
  virtual std::uint64_t count(const std::uint8_t* text, std::size_t size) = 0;
};

std::unique_ptr<Counter> make_counter();

}  // namespace bulkhead::bench
