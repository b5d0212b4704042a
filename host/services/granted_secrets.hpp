// The secrets that were granted to a plugin: what it may have done with them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "host/secrets/secret_store.hpp"
#include "host/services/plugin_access.hpp"
#include "host/services/service_outcome.hpp"

namespace bulkhead::host {

// [any-thread] A secret is read from disk at each use: what a person changes holds at once.
class GrantedSecrets {
 public:
  GrantedSecrets(std::shared_ptr<const PluginAccess> access, SecretStore store)
      : access_(std::move(access)), store_(std::move(store)) {}

  // For the host's own use; it never goes to the plugin.
  ServiceOutcome find(std::string_view name, std::optional<Secret>& secret) const;
  // As bh_secrets_v1.
  ServiceOutcome sign(std::string_view name, std::string_view prefix,
                      std::span<const std::string_view> messages, std::string& signature) const;
  bool has(std::string_view name) const;

 private:
  const std::shared_ptr<const PluginAccess> access_;
  const SecretStore store_;
};

}  // namespace bulkhead::host
