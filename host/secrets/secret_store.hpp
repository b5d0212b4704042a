// Secrets of a user on disk, each in a file of its own, encrypted with a key that lies elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/policy/policy.hpp"
#include "host/secrets/secret_bytes.hpp"
#include "registry/manifest/origin.hpp"

namespace bulkhead::host {

struct SecretFacts {
  std::string name;          // of the form of manifest::is_id
  std::int64_t created = 0;  // seconds since 1970
  // The only places that the secret may be sent to; none: it is for signing alone.
  std::vector<manifest::Origin> origins;
  std::string problem;  // not empty: the file can't be read, and why
};

struct Secret {
  SecretFacts facts;
  SecretBytes value;
};

// [any-thread], and any number of processes. Functions throw bulkhead::Error.
class SecretStore {
 public:
  static constexpr std::size_t kMostBytes = 64 * 1024;  // of one value

  // $XDG_DATA_HOME/bulkhead/secrets, and the key in $BULKHEAD_SECRETS_KEY_FILE or
  // $XDG_CONFIG_HOME/bulkhead/secrets.key. Nothing is read or made yet.
  explicit SecretStore(const policy::Environment& environment);

  // Makes or replaces a secret, durably. Makes folder and key where they are missing.
  void set(const std::string& name, const SecretBytes& value,
           const std::vector<manifest::Origin>& origins);
  // By name; those that can't be read too.
  std::vector<SecretFacts> list() const;
  // False: there is none.
  bool remove(const std::string& name);
  // nullopt: there is none.
  std::optional<Secret> find(const std::string& name) const;

  const std::string& folder() const { return folder_; }
  const std::string& key_file() const { return key_file_; }

 private:
  std::string path(const std::string& name) const;
  Secret open(const std::string& name, std::string_view sealed) const;
  SecretBytes key() const;
  SecretBytes key_or_new() const;

  std::string folder_, key_file_;
};

}  // namespace bulkhead::host
