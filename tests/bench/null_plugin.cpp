#include "tests/bench/null_plugin.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace bulkhead::bench {

Workplace::Workplace() {
  std::string name = (std::filesystem::temp_directory_path() / "bulkhead-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(),
                            "The benchmark could not make its folder '" + name + "'");
  }
  folder_ = name;
  std::ofstream(folder_ + "/bulkhead.toml") << "policy = 1\n";
  // The user's own state, policy and sockets stay out of it. The program has one thread yet.
  for (const char* variable : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"}) {
    ::setenv(variable, folder_.c_str(), 1);
  }
}

Workplace::~Workplace() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

HostOptions Workplace::options() const {
  HostOptions options;
  options.policy_file = folder_ + "/bulkhead.toml";
  options.plugin_folders = {BULKHEAD_FAULTY_PACKAGES};
  return options;
}

LoadOptions isolation(Isolation isolation) {
  LoadOptions options;
  options.isolation = isolation;
  return options;
}

}  // namespace bulkhead::bench
