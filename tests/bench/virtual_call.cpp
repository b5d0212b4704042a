// In a file of its own: where the caller sees the only class, the compiler makes a plain call of
// it.
#include "tests/bench/virtual_call.hpp"

namespace bulkhead::bench {
namespace {

class SizeCounter final : public Counter {
 public:
  std::uint64_t count(const std::uint8_t*, std::size_t size) override { return size; }
};

}  // namespace

std::unique_ptr<Counter> make_counter() { return std::make_unique<SizeCounter>(); }

}  // namespace bulkhead::bench
