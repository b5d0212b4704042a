// The private root of a cell at level 2: a read-only tmpfs with the package and the system's
// libraries, which the plugin's dependencies come from as they do in process.
#pragma once

#include <string>
#include <vector>

namespace bulkhead::sandbox {

constexpr const char* kPackageMount = "/package";
constexpr const char* kCoreMount = "/cores";

// What only a development cell has in its root.
struct DevelopmentRoot {
  std::string core_folder;  // can be written, at kCoreMount; empty: none
  std::string program;      // read-only, at /proc/self/exe, where sanitizers look; empty: not there
};

// Where the system's libraries are, and what the loader reads to find them. Symbolic links (merged
// /usr) and missing entries are as on the machine.
const std::vector<std::string>& system_paths();

// A folder to build the root on: any that hides neither the package nor a system path.
std::string mount_base(const std::string& package);

// Inside a new mount namespace, with CAP_SYS_ADMIN over it. `package` is a real path, empty: none;
// `package_fd` an O_PATH descriptor of it, opened before: the mounted folder must be the same one.
// `interpreter` is a file to have at the same place, empty: none.
// Afterwards the working directory is the new "/", and nothing else is reachable.
void enter_private_root(const std::string& package, int package_fd, const std::string& interpreter,
                        const DevelopmentRoot& development);

}  // namespace bulkhead::sandbox
