// plugin.toml, the manifest of a plugin package: what a plugin is and what it asks for. It is read
// without running anything of the plugin. Format: docs/manifest.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "registry/manifest/permissions.hpp"
#include "registry/manifest/quantity.hpp"
#include "registry/manifest/toml_reader.hpp"
#include "registry/manifest/version.hpp"

namespace bulkhead::manifest {

constexpr int kManifestFormat = 1;

using Value = std::variant<bool, std::int64_t, double, std::string>;

// One key of the configuration schema: [config.KEY].
struct ConfigKey {
  std::string name;
  std::string type;  // "boolean", "integer", "number", "string"
  std::string description;
  std::optional<Value> fallback;           // `default`; absent: the key is required
  std::optional<double> minimum, maximum;  // integer and number
  std::vector<std::string> choices;        // string; empty: any text
};

struct Dependency {
  std::string id;
  Range range;
};

struct Manifest {
  std::string file;  // where it was read from
  std::string id;    // [a-z][a-z0-9_]*, at most 64 characters
  Version version;
  std::string kind;  // codec, provider, compression, multimodal, trainer, or another id
  std::string description, license;
  std::vector<std::string> authors;
  std::string runtime;      // "library" or "exec"
  std::string entry;        // relative path of the library or program, for this platform
  std::string interpreter;  // of an "exec" entry that is a script: "python3"; empty: none
  std::vector<std::string> interfaces;  // "bulkhead.codec/1"
  std::optional<Range> host;            // versions of Bulkhead that it works with
  std::vector<Dependency> dependencies;
  Permissions permissions;
  std::vector<ConfigKey> config;

  // Throws FileError. `platform` is "linux-x86_64" or "linux-aarch64".
  static Manifest parse(std::string_view text, std::string file, std::string_view platform);
  // Reads FOLDER/plugin.toml. Throws FileError, also for files that can't be read.
  static Manifest read(const std::string& folder);
};

// The machine's platform name: "linux-x86_64".
std::string platform();

// Checks a configuration against the schema and fills in defaults. Text values are converted to
// the type of the key ("true", "42", "0.5"). Throws std::invalid_argument with a sentence that
// names the key, the problem and, for an unknown key, the nearest one.
std::map<std::string, Value> check_config(const Manifest& manifest,
                                          const std::map<std::string, Value>& config);

}  // namespace bulkhead::manifest
