#include "sandbox/policy/interpreters.hpp"

namespace bulkhead::sandbox {
namespace {

// -I: no environment, no user's packages, no module search next to the script. -S: no search for
// installed packages either, which asks for the user's home folder over a socket. -B: no .pyc
// files, which a cell can't write. utf8: the empty environment names no character set.
constexpr const char* kPythonArguments[] = {"-I", "-S", "-B", "-X", "utf8"};

constexpr Interpreter kInterpreters[] = {
    {"python3", "/usr/bin/python3", kPythonArguments},
};

}  // namespace

const Interpreter* find_interpreter(std::string_view name) {
  for (const Interpreter& interpreter : kInterpreters) {
    if (interpreter.name == name) return &interpreter;
  }
  return nullptr;
}

}  // namespace bulkhead::sandbox
