// The version of this build.
#pragma once

namespace bulkhead::wire {

#ifndef BULKHEAD_VERSION
#error "BULKHEAD_VERSION comes from the build"
#endif
constexpr const char* kBuildVersion = BULKHEAD_VERSION;

// Versions of sdk/schema/core.capnp that this build speaks.
constexpr unsigned kWireMin = 1, kWireMax = 1;

}  // namespace bulkhead::wire
