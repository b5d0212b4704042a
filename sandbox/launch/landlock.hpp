// Landlock, the second layer below the private root, and the first one where there is no such root.
#pragma once

#include <string>
#include <vector>

#include "sandbox/policy/facts.hpp"

namespace bulkhead::sandbox {

// Reading below `readable` (files and folders; missing ones are left out) stays allowed, executing
// below `executable`, and everything but making devices below `writable`; every other right that
// the kernel's Landlock knows is gone for this thread and its children: files, TCP, abstract
// sockets and signals to others. Needs no_new_privs. Where the kernel has no Landlock the finding
// says so; any other failure throws StepError.
Finding apply_landlock(const std::vector<std::string>& readable,
                       const std::vector<std::string>& executable = {},
                       const std::vector<std::string>& writable = {});

}  // namespace bulkhead::sandbox
