// What a policy grants to a plugin: `grants` of a rule. Nothing is granted that the manifest of the
// plugin does not ask for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/manifest/permissions.hpp"

namespace bulkhead::manifest {
struct Manifest;
}

namespace bulkhead::policy {

// `at` is the place that grants it: "bulkhead.toml:21".
struct FileGrant {
  std::string name, path;
  manifest::Access access = manifest::Access::read;
  std::string at;
};
struct OriginGrant {
  manifest::Origin origin;
  std::string at;
};
struct SecretGrant {
  std::string name;
  std::string at;
};

struct Grants {
  std::vector<FileGrant> files;
  std::vector<OriginGrant> http;
  std::vector<SecretGrant> secrets;
  bool commands = false;
  std::string commands_at;

  const FileGrant* file(std::string_view name, manifest::Access access) const;
  const SecretGrant* secret(std::string_view name) const;
  // The grant that covers an origin, or null.
  const OriginGrant* origin(const manifest::Origin& origin) const;
};

// What one rule says; the first rule that says something about a key decides that key.
struct RuleGrants {
  std::optional<std::vector<FileGrant>> files;
  std::optional<std::vector<OriginGrant>> http;
  std::optional<std::vector<SecretGrant>> secrets;
  std::optional<bool> commands;
  std::string commands_at;

  bool empty() const { return !files && !http && !secrets && !commands; }
  void lay_over(Grants& grants) const;
};

// The table `grants` of a rule. Paths are relative to the file. Throws manifest::FileError.
RuleGrants read_grants(manifest::TomlTable table, const std::string& file);

// Takes out of `grants` what the manifest does not ask for; one warning for each, with its place.
std::vector<std::string> settle_grants(const manifest::Manifest& manifest, Grants& grants);

// What a person adds to the policy so that a plugin gets what it asks for: "to allow it, add
// these lines to bulkhead.toml, before its other rules: ...", or that it can't be granted.
// `policy_file` empty: there is none.
std::string file_advice(const manifest::Manifest& manifest, const std::string& policy_file,
                        std::string_view name, manifest::Access access);
std::string origin_advice(const manifest::Manifest& manifest, const std::string& policy_file,
                          const manifest::Origin& origin);
std::string secret_advice(const manifest::Manifest& manifest, const std::string& policy_file,
                          std::string_view name);
std::string commands_advice(const manifest::Manifest& manifest, const std::string& policy_file);

}  // namespace bulkhead::policy
