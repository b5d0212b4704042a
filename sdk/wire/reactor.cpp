#include "sdk/wire/reactor.hpp"

#include <kj/exception.h>

namespace bulkhead::wire {

Reactor::Reactor(UniqueFd socket, FrameLimits limits)
    : loop_(static_cast<kj::EventPort&>(*this)), stream_(std::move(socket), limits) {}

Reactor::~Reactor() = default;

bool Reactor::enter(std::optional<kj::WaitScope>& scope) {
  try {
    scope.emplace(loop_);
    return true;
  } catch (const kj::Exception&) {
    return false;
  }
}

// Only turn() drives the loop, and it never blocks in it.
bool Reactor::wait() { return poll(); }

bool Reactor::poll() {
  if (budget_ > 0) {
    --budget_;
    stream_.progress(8);
  }
  return false;
}

}  // namespace bulkhead::wire
