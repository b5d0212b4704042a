// What a plugin asked for and was granted, for the services that ask.
#pragma once

#include <string>

#include "host/policy/grants.hpp"
#include "registry/manifest/manifest.hpp"

namespace bulkhead::host {

struct PluginAccess {
  manifest::Manifest manifest;
  std::string policy_file;  // empty: there is none
  policy::Grants grants;    // after settle_grants()
};

}  // namespace bulkhead::host
