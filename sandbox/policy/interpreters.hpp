// The interpreters that a cell may run an executable plugin with: a manifest names one, and never
// gives a path.
#pragma once

#include <span>
#include <string_view>

namespace bulkhead::sandbox {

struct Interpreter {
  const char* name;
  const char* path;  // on every machine that has it; may be a link to a file in the same folder
  // What stands before the script on its command line.
  std::span<const char* const> arguments;
};

// Null where the name is not on the list.
const Interpreter* find_interpreter(std::string_view name);

}  // namespace bulkhead::sandbox
