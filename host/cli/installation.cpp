#include "installation.hpp"

#include <cstdlib>

#include "failure.hpp"
#include "output.hpp"

namespace bulkhead::cli {

policy::Policy read_policy(const GlobalOptions& options) {
  try {
    return policy::Policy::load(options.policy,
                                [](const char* name) -> const char* { return std::getenv(name); });
  } catch (const manifest::FileError& error) {
    throw Failure(Exit::bad_input, "data_invalid", error.what());
  }
}

Isolation decided_isolation(const policy::Policy& policy, const std::string& plugin) {
  return policy.decide(plugin).mode == policy::Mode::cell ? Isolation::cell : Isolation::in_process;
}

std::string broken_text(const PluginInfo& info) {
  const bool placed = info.error.find(info.folder) != std::string::npos;
  return printable(placed ? info.error : info.folder + ": " + info.error);
}

}  // namespace bulkhead::cli
