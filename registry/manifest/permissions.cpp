#include "registry/manifest/permissions.hpp"

#include <algorithm>
#include <set>

#include "registry/manifest/names.hpp"
#include "registry/manifest/quantity.hpp"

namespace bulkhead::manifest {
namespace {

constexpr std::int64_t kMostThreads = 4096;
constexpr std::size_t kLongestName = 200;  // bytes, as the next
constexpr std::size_t kLongestWhy = 1000;

std::uint64_t read_bytes(TomlTable& table, const char* key) {
  if (table.type_of(key) == "integer") {
    const std::int64_t bytes = *table.integer(key);
    if (bytes <= 0) {
      table.fail(key, table.name(key) + " must be above 0, not " + std::to_string(bytes));
    }
    return static_cast<std::uint64_t>(bytes);
  }
  const std::string text = table.required_text(key);
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes == 0) {
    table.fail(key, table.name(key) + " must be a size above 0 such as '512 MiB' or '2 GiB', not " +
                        quoted(text));
  }
  return *bytes;
}

std::string read_why(TomlTable& table) {
  auto why = table.text("why").value_or("");
  if (why.size() > kLongestWhy || !is_printable(why)) {
    table.fail("why", table.name("why") + " must be one line of at most " +
                          std::to_string(kLongestWhy) + " bytes without control characters");
  }
  return why;
}

}  // namespace

const char* access_name(Access access) { return access == Access::read ? "read" : "write"; }

Access read_access(TomlTable& file) {
  const std::string text = file.text("access").value_or("read");
  if (text != "read" && text != "write") {
    file.fail("access", file.name("access") + " must be 'read' or 'write', not " + quoted(text) +
                            did_you_mean(text, {"read", "write"}));
  }
  return text == "read" ? Access::read : Access::write;
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && is_printable(name) &&
         name.find(' ') == std::string_view::npos;
}

std::vector<TomlTable> named_tables(TomlTable& table, const char* key) {
  auto entries = table.tables(key);
  if (entries.size() > kMostPermissions) {
    table.fail(key, table.name(key) + " has " + std::to_string(entries.size()) +
                        " elements; at most " + std::to_string(kMostPermissions) + " are allowed");
  }
  std::set<std::string> seen;
  for (TomlTable& entry : entries) {
    const std::string name = entry.required_text("name");
    if (seen.insert(name).second) continue;
    entry.fail("name", quoted(name) + " stands in " + table.name(key) + " twice");
  }
  return entries;
}

std::vector<Origin> read_origins(TomlTable& table, const char* key) {
  const auto texts = table.texts(key).value_or(std::vector<std::string>{});
  if (texts.size() > kMostPermissions) {
    table.fail(key, table.name(key) + " has " + std::to_string(texts.size()) +
                        " elements; at most " + std::to_string(kMostPermissions) + " are allowed");
  }
  std::vector<Origin> origins;
  for (std::size_t index = 0; index < texts.size(); ++index) {
    const auto origin = Origin::parse(texts[index]);
    if (!origin) {
      table.fail_element(key, index,
                         table.name(key) + " must be " + kOriginRule + ", not " +
                             quoted(texts[index]) + "; a path or a user is not part of it");
    }
    if (std::find(origins.begin(), origins.end(), *origin) != origins.end()) {
      table.fail_element(key, index,
                         quoted(origin->text()) + " stands in " + table.name(key) + " twice");
    }
    origins.push_back(*origin);
  }
  return origins;
}

Permissions read_permissions(TomlTable table) {
  Permissions permissions;
  if (table.has("memory")) permissions.memory_bytes = read_bytes(table, "memory");
  if (const auto threads = table.integer("threads")) {
    if (*threads < 1 || *threads > kMostThreads) {
      table.fail("threads", "permissions.threads must be from 1 to " +
                                std::to_string(kMostThreads) + ", not " + std::to_string(*threads));
    }
    permissions.threads = static_cast<unsigned>(*threads);
  }
  for (TomlTable& entry : named_tables(table, "files")) {
    const FilePermission file{entry.required_text("name"), read_access(entry), read_why(entry)};
    if (!is_file_name(file.name)) {
      entry.fail("name",
                 entry.name("name") + " must be " + kFileNameRule + ", not " + quoted(file.name));
    }
    entry.finish();
    permissions.files.push_back(file);
  }
  permissions.http = read_origins(table, "http");
  for (TomlTable& entry : named_tables(table, "secrets")) {
    const SecretPermission secret{entry.required_text("name"), read_why(entry)};
    if (!is_id(secret.name)) {
      entry.fail("name",
                 entry.name("name") + " must be " + kIdRule + ", not " + quoted(secret.name));
    }
    entry.finish();
    permissions.secrets.push_back(secret);
  }
  permissions.commands = table.boolean("commands").value_or(false);
  table.finish();
  return permissions;
}

}  // namespace bulkhead::manifest
