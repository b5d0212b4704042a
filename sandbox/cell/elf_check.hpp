// What is wrong with a library, before the dynamic loader sees it: the loader trusts its input,
// runs code of it, and explains little. In a cell and only there: the file is hostile.
#pragma once

#include <bulkhead/abi/core.h>

#include <optional>
#include <string>

namespace bulkhead::cell {

struct LibraryProblem {
  bh_status status;      // BH_NOT_FOUND, BH_IO_ERROR, BH_DATA_INVALID, BH_VERSION_MISMATCH
  std::string sentence;  // "the library PATH is ..."; what to do where that is known
};

// Nothing: a shared library of this machine, whole, that asks for no executable stack, no writable
// code, no libraries by path and no search path out of `root` (the package; empty: the library's
// own folder), and, where this program has no sanitizer, for none. Reads at most 32 MiB of it.
std::optional<LibraryProblem> check_library(const std::string& path, const std::string& root = "");

}  // namespace bulkhead::cell
