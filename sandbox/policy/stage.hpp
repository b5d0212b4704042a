// The steps of starting a cell, in order, so that a failure can say where it happened.
#pragma once

#include <cstdint>
#include <string>

namespace bulkhead::sandbox {

enum class Stage : std::uint32_t {
  none = 0,
  request,         // the message itself
  profile,         // a profile that this launcher does not offer
  package,         // opening the package folder
  process,         // fork, pidfd
  namespaces,      // clone into new ones
  user_namespace,  // unshare, id maps
  mounts,          // the private root
  package_mount,   // the package in the private root
  identity,        // another user
  package_access,  // the package can't be read by that user
  core_folder,     // where core dumps go
  entry,           // the plugin's executable
  interpreter,     // the program that runs its script
  limits,          // rlimits
  privileges,      // capabilities, no_new_privs
  descriptors,     // the four that a cell has
  parent,          // the launcher died meanwhile
  landlock,
  filter,   // seccomp
  timeout,  // the steps took too long
  died,     // ended without saying why
};

// "Starting a cell for PACKAGE failed: WHAT (ERRNO'S TEXT). WHAT TO DO."
std::string stage_sentence(Stage stage, int error, const std::string& package);

// "making the user namespace": for the reason of a lower level.
const char* stage_words(Stage stage);

// Without these steps a cell can still be built, at level 1.
constexpr bool is_namespace_stage(Stage stage) {
  return stage == Stage::namespaces || stage == Stage::user_namespace || stage == Stage::mounts ||
         stage == Stage::package_mount || stage == Stage::identity;
}

}  // namespace bulkhead::sandbox
