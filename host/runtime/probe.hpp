// A library that this host has not seen before is loaded in a cell first: its constructors may
// crash or hang there, not here.
#pragma once

#include "host/runtime/state.hpp"
#include "sdk/wire/descriptor.hpp"

namespace bulkhead::host {

// Probes the package unless it was probed before (known by its hash, in the user's state folder).
// Throws Error.
void probe(PluginState& plugin);

// What contradicts what between a library and its manifest, or what this host can't give. Throws
// Error.
void check_facts(const PluginState& plugin, const wire::DescriptorFacts& facts,
                 std::uint32_t sanitizers = BH_BUILT_SANITIZERS);

}  // namespace bulkhead::host
