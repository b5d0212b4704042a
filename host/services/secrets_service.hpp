// The service "bulkhead.secrets/1" of one instance.
#pragma once

#include <memory>

#include "host/services/granted_secrets.hpp"
#include "sdk/wire/service.hpp"

namespace bulkhead::host {

wire::LentService lend_secrets(std::shared_ptr<const GrantedSecrets> secrets);

}  // namespace bulkhead::host
