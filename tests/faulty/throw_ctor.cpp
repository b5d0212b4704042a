// Throws while it is being loaded.
#include <stdexcept>

namespace {
struct Thrower {
  Thrower() { throw std::runtime_error("the constructor of throw_ctor throws"); }
};
const Thrower thrower;
}  // namespace

#include "plugin.h"
