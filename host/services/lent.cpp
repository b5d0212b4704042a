#include "host/services/lent.hpp"

#include "host/runtime/state.hpp"
#include "host/services/http_service.hpp"
#include "host/services/secrets_service.hpp"

namespace bulkhead::host {

std::vector<wire::LentService> lend_services(PluginState& plugin) {
  const Core& core = *plugin.core;
  const auto access = std::make_shared<const PluginAccess>(
      PluginAccess{plugin.manifest, core.policy.file, plugin.decision.grants});
  const auto secrets =
      std::make_shared<const GrantedSecrets>(access, SecretStore(core.environment));
  return {lend_http(std::make_shared<HttpClient>(access, secrets, core.policy.certificates)),
          lend_secrets(secrets)};
}

}  // namespace bulkhead::host
