// bulkhead.toml as it stands, before folders are looked up and variables laid over it.
#pragma once

#include <string>
#include <string_view>

#include "host/policy/policy.hpp"

namespace bulkhead::policy {

struct PolicyFile {
  Policy policy;
  bool names_folders = false;  // plugins.folders is there, even if it is empty
};

PolicyFile parse_policy_file(std::string_view text, std::string file);

// "cell" or "in-process".
std::optional<Mode> parse_mode(std::string_view text);
// The sentence for another text.
std::string mode_problem(std::string_view text);

constexpr int kHighestLevel = 3;

}  // namespace bulkhead::policy
