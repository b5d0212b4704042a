// How a service answers, and how it learns that it should stop.
#pragma once

#include <bulkhead/abi/core.h>

#include <functional>
#include <string>

namespace bulkhead::host {

struct ServiceOutcome {
  bh_status status = BH_OK;
  std::string message{};  // of an error, for a person
};

// Asked every few milliseconds of work, by the thread that works: BH_OK, or why to stop.
using ShouldStop = std::function<bh_status()>;

}  // namespace bulkhead::host
