// What a new process must not inherit: signals, environment, terminal, descriptors.
#pragma once

#include <initializer_list>

namespace bulkhead::sandbox {

// All signals to their default, none blocked.
void reset_signals();
// Overwrites the environment's text with zeros, then forgets it.
void erase_environment();
// Moves each descriptor of `wanted` to its place in the list (0, 1, 2, ...) and closes all others.
// A descriptor may be named twice. Throws StepError.
void keep_descriptors(std::initializer_list<int> wanted);
// SIGKILL for this process when its parent dies. `parent_pidfd` refers to the parent: where it is
// dead already, StepError. After every change of credentials, which would undo it.
void die_with_parent(int parent_pidfd);

}  // namespace bulkhead::sandbox
