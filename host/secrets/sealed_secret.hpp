// The form of a secret's file: "bulkhead secret 1\n", a nonce, and a secretbox of libsodium over
// name, time, origins and value. The name is inside, so that a file under another name is noticed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/secrets/secret_store.hpp"

namespace bulkhead::host {

constexpr std::size_t kSecretKeyBytes = 32;
constexpr std::size_t kMostSealedBytes = 128 * 1024;

std::string seal(const SecretFacts& facts, const SecretBytes& value, const SecretBytes& key);

// What is wrong in `problem`, as the rest of a sentence that begins with the file's name.
std::optional<Secret> unseal(std::string_view sealed, const SecretBytes& key, std::string& problem);

}  // namespace bulkhead::host
