// bulkhead/sdk/secrets.hpp: secrets that the plugin uses and never sees, through the service
// "bulkhead.secrets/1" (bulkhead/abi/draft/secrets.h). A failure throws a PluginError with the
// host's words.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include <bulkhead/abi/draft/secrets.h>
#include <bulkhead/sdk/services.hpp>

namespace bulkhead::sdk {

using Signature = std::array<std::uint8_t, BH_SECRETS_SIGNATURE>;

// Cheap to copy; as Services.
class Secrets {
 public:
  explicit Secrets(const Services& services)
      : secrets_(static_cast<const bh_secrets_v1*>(services.get(BH_SECRETS_1))) {}

  // HMAC-SHA256 of a message; with more messages each HMAC is the key of the next:
  // sign(call, "key", {date, region, service, "aws4_request", text}, "AWS4").
  Signature sign(const Call& call, std::string_view secret,
                 std::initializer_list<std::string_view> messages,
                 std::string_view prefix = {}) const {
    std::vector<bh_bytes> list;
    for (const std::string_view message : messages) {
      list.push_back({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
    }
    bh_secrets_sign_params params{};
    params.struct_size = sizeof params;
    params.secret = as_text(secret);
    params.prefix = as_text(prefix);
    params.messages = list.data();
    params.message_count = list.size();
    bh_secrets_sign_result result{};
    result.struct_size = sizeof result;
    check(table()->sign(call.raw(), secrets_, &params, &result));
    Signature signature{};
    const std::string_view bytes = as_view(result.signature);
    if (bytes.size() != signature.size()) {
      throw PluginError(BH_PROTOCOL_ERROR, "The host gave a signature of another size.");
    }
    bytes.copy(reinterpret_cast<char*>(signature.data()), signature.size());
    return signature;
  }

  // Whether the secret was granted and is there.
  bool has(const Call& call, std::string_view secret) const {
    bh_secrets_has_params params{};
    params.struct_size = sizeof params;
    params.secret = as_text(secret);
    bh_secrets_has_result result{};
    result.struct_size = sizeof result;
    check(table()->has(call.raw(), secrets_, &params, &result));
    return result.present != 0;
  }

 private:
  // The service has given the call its words already.
  static void check(bh_status status) {
    if (status == BH_CANCELLED || status == BH_DEADLINE_EXCEEDED) throw Cancelled(status);
    if (status != BH_OK) throw HostError(status, "using a secret");
  }
  const bh_secrets_v1* table() const {
    if (secrets_ == nullptr) {
      throw PluginError(BH_UNSUPPORTED, "This host keeps no secrets (service " BH_SECRETS_1 ").");
    }
    return secrets_;
  }
  const bh_secrets_v1* secrets_;
};

}  // namespace bulkhead::sdk
