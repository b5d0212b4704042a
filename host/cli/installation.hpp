// The policy and the plugin folders that a host opened with the same options would use.
#pragma once

#include <bulkhead/host.hpp>

#include "commands.hpp"
#include "host/policy/policy.hpp"

namespace bulkhead::cli {

// Throws Failure.
policy::Policy read_policy(const GlobalOptions& options);

// The policy as far as it can be read, for `doctor`.
struct PolicyFact {
  std::string file;  // empty: there is none, the defaults hold
  bool file_broken = false;
  std::string problem;               // of the file, or of a variable that lies over it
  std::vector<std::string> folders;  // empty where there is a problem
};
PolicyFact look_at_policy(const GlobalOptions& options);

// What the policy says; a plugin that is an executable is in a cell whatever it says.
Isolation decided_isolation(const policy::Policy& policy, const PluginInfo& plugin);

// The highest usable version in the range. A Failure names what is there instead.
PluginInfo find_plugin(const std::vector<PluginInfo>& plugins, const std::string& id,
                       const std::string& range_text);

// What is wrong with a plugin, and where, printable; most errors name the place themselves.
std::string broken_text(const PluginInfo& info);

}  // namespace bulkhead::cli
