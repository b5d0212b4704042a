// A plugin "one" that asks for what it is granted, and secrets of its own.
#pragma once

#include <memory>
#include <string>

#include "host/policy/policy.hpp"
#include "host/services/granted_secrets.hpp"
#include "tests/fixture/temp_folder.hpp"

namespace bulkhead::test {

inline std::string join(const std::vector<std::string>& texts, const char* before,
                        const char* after) {
  std::string list;
  for (const std::string& text : texts) list += before + text + after + ", ";
  return "[" + list + "]";
}

// It asks for `origins` and `secrets`, and is granted them.
inline std::shared_ptr<const host::PluginAccess> access_to(
    const std::vector<std::string>& origins, const std::vector<std::string>& secrets = {}) {
  const std::string http = "http = " + join(origins, "\"", "\"");
  auto manifest = manifest::Manifest::parse(
      "manifest = 1\n[plugin]\nid = 'one'\nversion = '1.0.0'\nkind = 'codec'\n[runtime]\n"
      "type = 'library'\nentry = 'one.so'\n[permissions]\n" +
          http + "\nsecrets = " + join(secrets, "{ name = \"", "\" }") + "\n",
      "one/plugin.toml", "linux-x86_64");
  auto policy = policy::Policy::parse("policy = 1\n[[rule]]\nmatch = 'one'\n[rule.grants]\n" +
                                          http + "\nsecrets = " + join(secrets, "\"", "\"") + "\n",
                                      "bulkhead.toml");
  auto grants = policy.decide("one").grants;
  if (!policy::settle_grants(manifest, grants).empty()) throw std::logic_error("not asked for");
  return std::make_shared<host::PluginAccess>(
      host::PluginAccess{std::move(manifest), "bulkhead.toml", std::move(grants)});
}

// Secrets in a folder that goes away.
class Vault {
 public:
  host::SecretStore store() const {
    const std::string root = folder_.path().string();
    return host::SecretStore(
        [root, kept = std::make_shared<std::string>()](const char* name) -> const char* {
          const std::string_view wanted = name;
          if (wanted != "XDG_DATA_HOME" && wanted != "XDG_CONFIG_HOME") return nullptr;
          *kept = root + (wanted == "XDG_DATA_HOME" ? "/data" : "/config");
          return kept->c_str();
        });
  }
  void set(const std::string& name, const std::string& value,
           const std::vector<std::string>& origins = {}) const {
    std::vector<manifest::Origin> bound;
    for (const std::string& origin : origins) bound.push_back(*manifest::Origin::parse(origin));
    store().set(name, host::SecretBytes(value), bound);
  }

 private:
  TempFolder folder_;
};

}  // namespace bulkhead::test
