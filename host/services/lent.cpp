#include "host/services/lent.hpp"

#include <bulkhead/abi/draft/commands.h>

#include "host/runtime/installation.hpp"
#include "host/runtime/state.hpp"
#include "host/services/commands_service.hpp"

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
  return {{&wire::kCommandsService, lend_commands(plugin)}};
}

}  // namespace bulkhead::host
