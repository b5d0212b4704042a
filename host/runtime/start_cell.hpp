// The first steps of every cell.
#pragma once

#include "host/runtime/connection.hpp"
#include "host/runtime/state.hpp"
#include "sdk/wire/descriptor.hpp"

namespace bulkhead::host {

// Starts a cell for a package, shakes hands and loads the library in it, all within `timeout`
// nanoseconds. Throws Error.
std::shared_ptr<Connection> start_cell(PluginState& plugin, wire::DescriptorFacts& facts,
                                       std::int64_t timeout);

}  // namespace bulkhead::host
