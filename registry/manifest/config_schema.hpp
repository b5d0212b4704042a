// [config.KEY] of a manifest: reading the schema.
#pragma once

#include <vector>

#include "registry/manifest/manifest.hpp"

namespace bulkhead::manifest {

// Reads the table [config]. Throws FileError.
std::vector<ConfigKey> read_config_schema(TomlTable table);

// What is wrong with a value of the key's own type, as the end of a sentence ("is 12; the maximum
// is 10"), or empty.
std::string value_problem(const ConfigKey& key, const Value& value);

// A value as a message shows it.
std::string value_text(const Value& value);

}  // namespace bulkhead::manifest
