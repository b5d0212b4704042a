// The policy and the plugin folders that a host opened with the same options would use.
#pragma once

#include <bulkhead/host.hpp>

#include "commands.hpp"
#include "host/policy/policy.hpp"

namespace bulkhead::cli {

// Throws Failure.
policy::Policy read_policy(const GlobalOptions& options);
Isolation decided_isolation(const policy::Policy& policy, const std::string& plugin);

// What is wrong with a plugin, and where, printable; most errors name the place themselves.
std::string broken_text(const PluginInfo& info);

}  // namespace bulkhead::cli
