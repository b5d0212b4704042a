#include "host/policy/grants.hpp"

#include <algorithm>
#include <filesystem>

#include "registry/manifest/names.hpp"

namespace bulkhead::policy {
namespace {

using manifest::TomlTable;

constexpr std::size_t kLongestPath = 4096;

std::string read_path(TomlTable& table, const std::string& file) {
  const std::string path = table.required_text("path");
  const auto fail = [&](const std::string& sentence) {
    table.fail("path", table.name("path") + ", " + manifest::quoted(path) + ", " + sentence);
  };
  if (path.empty()) fail("is empty");
  if (path.size() > kLongestPath) fail("is too long");
  if (!manifest::is_printable(path)) fail("has control characters");
  if (path.front() == '~' || path.find('$') != std::string::npos) {
    fail("is not expanded here: write the whole path, or one relative to this file");
  }
  const auto base = std::filesystem::path(file).parent_path();
  return (base / path).lexically_normal().string();
}

}  // namespace

const FileGrant* Grants::file(std::string_view name, manifest::Access access) const {
  const auto at = std::find_if(files.begin(), files.end(), [&](const FileGrant& grant) {
    return grant.name == name && grant.access == access;
  });
  return at == files.end() ? nullptr : &*at;
}

const SecretGrant* Grants::secret(std::string_view name) const {
  const auto at = std::find_if(secrets.begin(), secrets.end(),
                               [&](const SecretGrant& grant) { return grant.name == name; });
  return at == secrets.end() ? nullptr : &*at;
}

const OriginGrant* Grants::origin(const manifest::Origin& origin) const {
  const auto at = std::find_if(http.begin(), http.end(), [&](const OriginGrant& grant) {
    return grant.origin.covers(origin);
  });
  return at == http.end() ? nullptr : &*at;
}

void RuleGrants::lay_over(Grants& grants) const {
  if (files) grants.files = *files;
  if (http) grants.http = *http;
  if (secrets) grants.secrets = *secrets;
  if (commands) {
    grants.commands = *commands;
    grants.commands_at = commands_at;
  }
}

RuleGrants read_grants(TomlTable table, const std::string& file) {
  RuleGrants grants;
  const auto place = [&](const TomlTable& of, const char* key) {
    return manifest::escaped(file) + ":" + std::to_string(of.line(key));
  };
  if (table.has("files")) {
    grants.files.emplace();
    for (TomlTable& entry : manifest::named_tables(table, "files")) {
      FileGrant& grant = grants.files->emplace_back();
      grant.name = entry.required_text("name");
      if (!manifest::is_file_name(grant.name)) {
        entry.fail("name", entry.name("name") + " must be " + manifest::kFileNameRule + ", not " +
                               manifest::quoted(grant.name));
      }
      grant.path = read_path(entry, file);
      grant.access = manifest::read_access(entry);
      grant.at = place(entry, nullptr);
      entry.finish();
    }
  }
  if (table.has("http")) {
    grants.http.emplace();
    for (const auto& origin : manifest::read_origins(table, "http")) {
      grants.http->push_back({origin, place(table, "http")});
    }
  }
  if (const auto names = table.texts("secrets")) {
    if (names->size() > manifest::kMostPermissions) {
      table.fail("secrets", table.name("secrets") + " has " + std::to_string(names->size()) +
                                " elements; at most " + std::to_string(manifest::kMostPermissions) +
                                " are allowed");
    }
    grants.secrets.emplace();
    for (std::size_t index = 0; index < names->size(); ++index) {
      const std::string& name = (*names)[index];
      if (!manifest::is_id(name)) {
        table.fail_element(
            "secrets", index,
            "the name of a secret is " + std::string(manifest::kIdRule) + ", not " + manifest::quoted(name));
      }
      grants.secrets->push_back({name, place(table, "secrets")});
    }
  }
  grants.commands = table.boolean("commands");
  if (grants.commands) grants.commands_at = place(table, "commands");
  table.finish();
  return grants;
}

}  // namespace bulkhead::policy
