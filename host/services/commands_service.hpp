// The service "bulkhead.commands/1" of one plugin: its table over a CommandStore.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sdk/wire/service.hpp"

namespace bulkhead::host {

struct CommandsGrant {
  std::string refusal;                    // why not, and what to do; empty: granted
  std::string folder;                     // of the owner
  std::function<std::string()> launcher;  // its path; throws bulkhead::Error
};

std::shared_ptr<wire::ServicePort> commands_port(CommandsGrant grant);

}  // namespace bulkhead::host
