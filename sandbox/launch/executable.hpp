// A plugin that is a program of its own: the cell becomes it.
#pragma once

#include <string>
#include <vector>

#include "sandbox/policy/interpreters.hpp"

namespace bulkhead::sandbox {

struct ExecutablePlan {
  std::string entry;  // path below the package; empty: the cell is no program
  const Interpreter* interpreter = nullptr;  // null: the entry itself is executed
  std::string interpreter_file;              // real path of it
};

// The interpreter of that name as it is on this machine. Throws StepError.
void find_interpreter_file(const std::string& name, ExecutablePlan& plan);

// Opens what will be executed, in the cell's own root and as its own user, at the number that
// becomes the cell's limit on descriptors: at most `descriptors`. Returns that number. No
// descriptor can have it again once the limit holds, so a filter that allows the execution of this
// number allows it once. Throws StepError.
int open_executable(const ExecutablePlan& plan, const std::string& root, unsigned descriptors);

// What Landlock has to let the cell execute.
std::vector<std::string> executable_files(const ExecutablePlan& plan, const std::string& root);

// Becomes the program. Returns only where that failed: an errno.
int execute(const ExecutablePlan& plan, const std::string& root, int place);

}  // namespace bulkhead::sandbox
