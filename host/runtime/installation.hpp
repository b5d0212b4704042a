// Where this library was installed, and what belongs to it. Found from the library's own place, so
// that a tree can be moved.
#pragma once

#include <string>
#include <vector>

#include "host/policy/policy.hpp"

namespace bulkhead::host {

// $BULKHEAD_LAUNCHER, else libexec/bulkhead/bulkhead-launcher of the installation, else
// bulkhead-launcher beside the library (a build tree). Throws bulkhead::Error.
std::string find_launcher(const policy::Environment& environment);

// The plugins that were installed or built with this library; the folders exist.
std::vector<std::string> own_plugin_folders();

}  // namespace bulkhead::host
