#include "host/services/secrets_service.hpp"

#include <bulkhead/abi/draft/secrets.h>

#include "host/services/call_memory.hpp"

namespace bulkhead::host {
namespace {

struct SecretsTable : bh_secrets_v1 {
  std::shared_ptr<const GrantedSecrets> secrets;
};

const GrantedSecrets& secrets_of(const bh_secrets_v1* self) {
  return *static_cast<const SecretsTable*>(self)->secrets;
}

bh_status sign(bh_call* call, const bh_secrets_v1* self, const bh_secrets_sign_params* params,
               bh_secrets_sign_result* result) {
  return guarded(call, [&]() -> bh_status {
    std::vector<std::string_view> messages;
    for (std::size_t i = 0; i < params->message_count; ++i) {
      messages.push_back(view(params->messages[i]));
    }
    std::string signature;
    const auto outcome =
        secrets_of(self).sign(view(params->secret), view(params->prefix), messages, signature);
    if (outcome.status != BH_OK) return settle(call, outcome);
    return copy_to(call, signature, result->signature) ? BH_OK : BH_OUT_OF_MEMORY;
  });
}

bh_status has(bh_call* call, const bh_secrets_v1* self, const bh_secrets_has_params* params,
              bh_secrets_has_result* result) {
  return guarded(call, [&]() -> bh_status {
    result->present = secrets_of(self).has(view(params->secret)) ? 1 : 0;
    return BH_OK;
  });
}

}  // namespace

wire::LentService lend_secrets(std::shared_ptr<const GrantedSecrets> secrets) {
  auto table = std::make_shared<SecretsTable>();
  static_cast<bh_secrets_v1&>(*table) = {sizeof(bh_secrets_v1), 0, sign, has};
  table->secrets = std::move(secrets);
  const bh_secrets_v1* functions = table.get();
  return {&wire::kSecretsService, wire::local_port(functions, std::move(table))};
}

}  // namespace bulkhead::host
