// What a plugin asks for: [permissions] of its manifest. The policy grants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "registry/manifest/origin.hpp"
#include "registry/manifest/toml_reader.hpp"

namespace bulkhead::manifest {

enum class Access { read, write };
const char* access_name(Access access);  // "read", "write"
// The key `access` of a file, read where it is missing.
Access read_access(TomlTable& file);

struct FilePermission {
  std::string name;  // the plugin's name for it
  Access access = Access::read;
  std::string why;  // for a person
};

struct SecretPermission {
  std::string name;
  std::string why;
};

struct Permissions {
  std::optional<std::uint64_t> memory_bytes;  // "512 MiB"
  std::optional<unsigned> threads;
  std::vector<FilePermission> files;
  std::vector<Origin> http;
  std::vector<SecretPermission> secrets;
  bool commands = false;
};

// Throws FileError.
Permissions read_permissions(TomlTable table);
// The tables of an array, each with a `name` that stands there once; at most kMostPermissions.
std::vector<TomlTable> named_tables(TomlTable& table, const char* key);
// An array of origins, none twice; at most kMostPermissions. Throws FileError.
std::vector<Origin> read_origins(TomlTable& table, const char* key);

constexpr std::size_t kMostPermissions = 64;  // files, origins, or secrets
// Names of granted files: 1 to 200 printable bytes without blanks.
bool is_file_name(std::string_view name);
constexpr const char* kFileNameRule = "1 to 200 printable bytes without blanks";

}  // namespace bulkhead::manifest
