#include "host/runtime/installation.hpp"

#include <dlfcn.h>
#include <unistd.h>
#include <bulkhead/host.hpp>

#include <filesystem>

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

// The folder of libbulkhead.so; of the program where the library is linked into it.
fs::path library_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&find_launcher), &info) == 0 ||
      info.dli_fname == nullptr) {
    return {};
  }
  std::error_code ignored;
  return fs::weakly_canonical(info.dli_fname, ignored).parent_path();
}

}  // namespace

std::string find_launcher(const policy::Environment& environment) {
  if (const char* chosen = environment("BULKHEAD_LAUNCHER"); chosen != nullptr && *chosen != 0) {
    if (access(chosen, X_OK) == 0) return chosen;
    throw Error(Status::not_found, std::string("BULKHEAD_LAUNCHER names ") + chosen +
                                       ", which is no program that can be run");
  }
  const fs::path folder = library_folder();
  std::string tried;
  for (const char* place : {"../libexec/bulkhead/bulkhead-launcher",
                            "../../libexec/bulkhead/bulkhead-launcher", "bulkhead-launcher"}) {
    const fs::path candidate = (folder / place).lexically_normal();
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
    tried += (tried.empty() ? "" : ", ") + candidate.string();
  }
  throw Error(Status::not_found,
              "the launcher program, which starts cells, was not found; looked for " + tried +
                  ". Install Bulkhead whole, or set BULKHEAD_LAUNCHER to the program's path");
}

std::vector<std::string> own_plugin_folders() {
  std::vector<std::string> found;
  const fs::path folder = library_folder();
  for (const char* place : {"bulkhead/plugins", "../lib/bulkhead/plugins",
                            "../../lib/bulkhead/plugins", "../plugins"}) {
    std::error_code ignored;
    const fs::path candidate = (folder / place).lexically_normal();
    const bool build_tree = std::string_view(place) == "../plugins";
    // "../plugins" belongs to a build tree only: there the launcher lies beside the library.
    if (build_tree && access((folder / "bulkhead-launcher").c_str(), X_OK) != 0) continue;
    if (fs::is_directory(candidate, ignored) &&
        (found.empty() || !fs::equivalent(found.back(), candidate, ignored))) {
      found.push_back(candidate.string());
    }
  }
  return found;
}

}  // namespace bulkhead::host
