// What a manifest asks for against what a policy grants.
#include <algorithm>

#include "host/policy/grants.hpp"
#include "registry/manifest/manifest.hpp"

namespace bulkhead::policy {
namespace {


bool asks(const manifest::Permissions& asked, const FileGrant& grant) {
  return std::any_of(asked.files.begin(), asked.files.end(), [&](const auto& file) {
    return file.name == grant.name && file.access == grant.access;
  });
}

bool asks(const manifest::Permissions& asked, const OriginGrant& grant) {
  return std::any_of(asked.http.begin(), asked.http.end(),
                     [&](const auto& origin) { return origin.covers(grant.origin); });
}

bool asks(const manifest::Permissions& asked, const SecretGrant& grant) {
  return std::any_of(asked.secrets.begin(), asked.secrets.end(),
                     [&](const auto& secret) { return secret.name == grant.name; });
}

std::string shown(const FileGrant& grant) {
  return "the file " + manifest::quoted(grant.name) + " to " + manifest::access_name(grant.access);
}
std::string shown(const OriginGrant& grant) { return "the origin " + grant.origin.text(); }
std::string shown(const SecretGrant& grant) { return "the secret " + manifest::quoted(grant.name); }

std::string warning(const manifest::Manifest& manifest, const std::string& at,
                    const std::string& what) {
  return at + " grants " + manifest.id + " " + what +
         ", which its manifest does not ask for (permissions in " +
         manifest::escaped(manifest.file) + "): it is not granted";
}

template <class Grant>
void settle(const manifest::Manifest& manifest, std::vector<Grant>& grants,
            std::vector<std::string>& warnings) {
  std::erase_if(grants, [&](const Grant& grant) {
    if (asks(manifest.permissions, grant)) return false;
    warnings.push_back(warning(manifest, grant.at, shown(grant)));
    return true;
  });
}

// A text as it stands in TOML; `text` is printable.
std::string toml(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string advice(const manifest::Manifest& manifest, const std::string& policy_file,
                   bool is_asked, const std::string& what, const std::string& lines) {
  if (!is_asked) {
    return manifest.id + " does not ask for " + what + " (permissions in " +
           manifest::escaped(manifest.file) + "), so it can't be granted";
  }
  return "to allow it, add these lines to " +
         (policy_file.empty() ? "the policy bulkhead.toml" : manifest::escaped(policy_file)) +
         ", before its other rules: `[[rule]]`, `match = " + toml(manifest.id) + "`, `grants = { " +
         lines + " }`";
}

}  // namespace

std::vector<std::string> settle_grants(const manifest::Manifest& manifest, Grants& grants) {
  std::vector<std::string> warnings;
  settle(manifest, grants.files, warnings);
  settle(manifest, grants.http, warnings);
  settle(manifest, grants.secrets, warnings);
  if (grants.commands && !manifest.permissions.commands) {
    warnings.push_back(warning(manifest, grants.commands_at, "commands"));
    grants.commands = false;
  }
  return warnings;
}

std::string file_advice(const manifest::Manifest& manifest, const std::string& policy_file,
                        std::string_view name, manifest::Access access) {
  const FileGrant wanted{manifest::escaped(name), "", access, ""};
  const std::string mode = access == manifest::Access::write ? ", access = \"write\"" : "";
  return advice(manifest, policy_file, asks(manifest.permissions, wanted), shown(wanted),
                "files = [{ name = " + toml(wanted.name) + ", path = \"...\"" + mode + " }]");
}

std::string origin_advice(const manifest::Manifest& manifest, const std::string& policy_file,
                          const manifest::Origin& origin) {
  const OriginGrant wanted{origin, ""};
  return advice(manifest, policy_file, asks(manifest.permissions, wanted), shown(wanted),
                "http = [" + toml(origin.text()) + "]");
}

std::string secret_advice(const manifest::Manifest& manifest, const std::string& policy_file,
                          std::string_view name) {
  const SecretGrant wanted{manifest::escaped(name), ""};
  return advice(manifest, policy_file, asks(manifest.permissions, wanted), shown(wanted),
                "secrets = [" + toml(wanted.name) + "]");
}

std::string commands_advice(const manifest::Manifest& manifest, const std::string& policy_file) {
  return advice(manifest, policy_file, manifest.permissions.commands, "commands",
                "commands = true");
}

}  // namespace bulkhead::policy
