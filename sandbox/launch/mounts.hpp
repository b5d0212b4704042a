// Mounts of a private root while it is built, below the working directory. All throw StepError.
#pragma once

#include <sys/mount.h>

#include <string>

#include "sandbox/policy/stage.hpp"

namespace bulkhead::sandbox {

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV;

// Mounts `source` with all below it read-only at `target`, which exists, relative to the working
// directory.
void bind_read_only(const std::string& source, const std::string& target, Stage stage);

// Mounts the folder `source` alone at the folder `target`; what is in it can be written, and not
// executed.
void bind_writable(const std::string& source, const std::string& target, Stage stage);

// Has the file `source` read-only at `target`, which is made.
void add_file(const std::string& source, const std::string& target);

// Has the path of this system at the same place of the new root, read-only. Symbolic links are
// copied; a missing path is left out.
void add_system_path(const std::string& path);

}  // namespace bulkhead::sandbox
