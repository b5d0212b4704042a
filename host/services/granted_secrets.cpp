#include "host/services/granted_secrets.hpp"

#include <sodium.h>
#include <bulkhead/abi/draft/secrets.h>

#include <cstring>
#include <bulkhead/host.hpp>

#include "registry/manifest/words.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kMostPrefix = 256;

static_assert(crypto_auth_hmacsha256_BYTES == BH_SECRETS_SIGNATURE);

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void hmac(std::span<const unsigned char> key, std::string_view message, unsigned char* out) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(message), message.size());
  crypto_auth_hmacsha256_final(&state, out);
  sodium_memzero(&state, sizeof state);
}

std::string sign_problem(std::string_view prefix, std::span<const std::string_view> messages) {
  if (prefix.size() > kMostPrefix) {
    return "the prefix of a key has at most " + std::to_string(kMostPrefix) + " bytes";
  }
  if (messages.empty() || messages.size() > BH_SECRETS_MAX_STEPS) {
    return "a signature is made of 1 to " + std::to_string(BH_SECRETS_MAX_STEPS) +
           " messages, not " + std::to_string(messages.size());
  }
  for (const std::string_view message : messages) {
    if (message.size() <= BH_SECRETS_MAX_MESSAGE) continue;
    return "a message to sign has at most " + std::to_string(BH_SECRETS_MAX_MESSAGE) +
           " bytes: sign its digest";
  }
  return {};
}

}  // namespace

ServiceOutcome GrantedSecrets::find(std::string_view name, std::optional<Secret>& secret) const {
  const std::string shown = manifest::quoted(name);
  if (access_->grants.secret(name) == nullptr) {
    return {BH_PERMISSION_DENIED,
            "the secret " + shown + " was not granted to this plugin; " +
                policy::secret_advice(access_->manifest, access_->policy_file, name.substr(0, 64))};
  }
  try {
    secret = store_.find(std::string(name));
  } catch (const Error& error) {
    return {static_cast<bh_status>(error.status()), error.what()};
  }
  if (secret) return {};
  return {BH_NOT_FOUND,
          "the secret " + shown +
              " was granted, but there is none: store it with `bulkhead secrets set " +
              std::string(name) + "`"};
}

ServiceOutcome GrantedSecrets::sign(std::string_view name, std::string_view prefix,
                                    std::span<const std::string_view> messages,
                                    std::string& signature) const {
  if (const std::string problem = sign_problem(prefix, messages); !problem.empty()) {
    return {BH_INVALID_ARGUMENT, problem};
  }
  std::optional<Secret> secret;
  if (auto outcome = find(name, secret); outcome.status != BH_OK) return outcome;
  SecretBytes key(prefix.size() + secret->value.size());
  if (!prefix.empty()) std::memcpy(key.span().data(), prefix.data(), prefix.size());
  std::memcpy(key.span().data() + prefix.size(), secret->value.span().data(), secret->value.size());
  SecretBytes made(BH_SECRETS_SIGNATURE);
  std::span<const unsigned char> with = key.span();
  for (const std::string_view message : messages) {
    unsigned char out[BH_SECRETS_SIGNATURE];
    hmac(with, message, out);
    std::memcpy(made.span().data(), out, sizeof out);
    sodium_memzero(out, sizeof out);
    with = made.span();
  }
  signature = made.view();
  return {};
}

bool GrantedSecrets::has(std::string_view name) const {
  std::optional<Secret> secret;
  return find(name, secret).status == BH_OK;
}

}  // namespace bulkhead::host
