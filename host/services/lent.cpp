#include "host/services/lent.hpp"

#include <bulkhead/abi/draft/commands.h>

#include "host/runtime/installation.hpp"
#include "host/runtime/state.hpp"
#include "host/services/commands_service.hpp"
#include "host/services/http_service.hpp"
#include "host/services/secrets_service.hpp"

namespace bulkhead::host {
namespace {

std::shared_ptr<wire::ServicePort> lend_commands(PluginState& plugin) {
  CommandsGrant grant;
  if (!plugin.decision.grants.commands) {
    grant.refusal = plugin.label + " may not start commands of this machine: " +
                    policy::commands_advice(plugin.manifest, plugin.core->policy.file);
  }
  grant.folder = policy::state_folder(plugin.core->environment) + "/commands/" + plugin.manifest.id;
  grant.launcher = [environment = plugin.core->environment] { return find_launcher(environment); };
  return commands_port(std::move(grant));
}

}  // namespace

std::vector<wire::LentService> lend_services(PluginState& plugin) {
  const Core& core = *plugin.core;
  const auto access = std::make_shared<const PluginAccess>(
      PluginAccess{plugin.manifest, core.policy.file, plugin.decision.grants});
  const auto secrets =
      std::make_shared<const GrantedSecrets>(access, SecretStore(core.environment));
  return {{&wire::kCommandsService, lend_commands(plugin)},
          lend_http(std::make_shared<HttpClient>(access, secrets, core.policy.certificates)),
          lend_secrets(secrets)};
}

}  // namespace bulkhead::host
