// Opens a plugin's library, after checking it, and reads its descriptor.
#pragma once

#include <bulkhead/abi/core.h>

#include <string>

#include "sdk/wire/descriptor.hpp"

namespace bulkhead::cell {

struct PluginLibrary {
  bh_status status = BH_OK;
  std::string message;  // of an error
  const bh_descriptor* descriptor = nullptr;
  wire::DescriptorFacts facts;
};

// Runs the library's constructors. The library is never closed again.
PluginLibrary open_library(const std::string& path, std::uint32_t isolation);

}  // namespace bulkhead::cell
