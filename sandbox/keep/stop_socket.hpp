// The keeper's end of the control socket: it takes one order, to stop.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

class StopSocket {
 public:
  // In the working directory. Throws StepError.
  StopSocket();

  int descriptor() const { return socket_.get(); }
  // Takes and answers what is there; the shortest grace time asked for.
  std::optional<std::chrono::nanoseconds> take();

 private:
  wire::UniqueFd socket_;
};

}  // namespace bulkhead::sandbox
