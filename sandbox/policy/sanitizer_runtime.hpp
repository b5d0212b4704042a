// Which sanitizers work in this process: those that it was built with, and AddressSanitizer where
// its run time was loaded before the program (a development launcher, docs/debugging.md).
#pragma once

#include <dlfcn.h>

#include <bulkhead/abi/core.h>

namespace bulkhead::sandbox {

inline unsigned working_sanitizers() {
  const bool address = dlsym(RTLD_DEFAULT, "__asan_init") != nullptr;
  return BH_BUILT_SANITIZERS | (address ? unsigned{BH_SANITIZER_ADDRESS} : 0u);
}

}  // namespace bulkhead::sandbox
