// bulkhead.toml, the policy of an installation: where plugins are, how far each is trusted, what it
// may use. Environment variables lie over it. Format: docs/policy.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/manifest/toml_reader.hpp"

namespace bulkhead::policy {

constexpr int kPolicyFormat = 1;

enum class Mode { in_process, cell };

// Every limit has a default; see the fields. Durations in nanoseconds, sizes in bytes.
struct Limits {
  std::int64_t call_timeout = 60'000'000'000;
  std::int64_t grace = 1'000'000'000;           // after cancellation, before a cell is ended
  std::int64_t start_timeout = 10'000'000'000;  // cell start, load, open
  std::uint64_t memory = std::uint64_t{4} << 30;  // address space of a cell
  std::uint64_t output = std::uint64_t{1} << 30;  // result memory of one call
  std::uint64_t frame = std::uint64_t{1} << 30;   // one message between host and cell
  std::uint32_t in_flight = 1024;                 // calls of one plugin
  std::uint32_t in_flight_total = 4096;           // calls of one host
  std::uint32_t threads = 64;                     // of a cell
  std::uint32_t descriptors = 256;                // of a cell
  std::uint32_t crashes = 5;                      // restarts of a cell within crash_window
  std::int64_t crash_window = 60'000'000'000;
};

// What holds for one plugin.
struct Decision {
  Mode mode = Mode::cell;
  int minimum_level = 0;
  Limits limits;
  std::string reason;  // for a person: "isolation.default in bulkhead.toml:4"
};

// Glob pattern over plugin ids ('*', '?'), and what it changes. First match wins, key by key.
struct Rule {
  std::string match;
  std::optional<Mode> mode;
  std::optional<int> minimum_level;
  // Limits that this rule sets, by name as in [limits].
  std::vector<std::pair<std::string, std::uint64_t>> limits;
  unsigned line = 0;
};

struct Policy {
  std::string file;  // empty: defaults
  std::vector<std::string> plugin_folders;
  Mode default_mode = Mode::cell;
  int default_minimum_level = 0;
  Limits limits;
  std::vector<Rule> rules;

  // Throws manifest::FileError. Relative folders are relative to the file.
  static Policy parse(std::string_view text, std::string file);
  // Finds and reads the policy file: `file` if not empty (must exist), else as HostOptions says.
  // `environment` answers a variable's value or null (std::getenv where the host may read it).
  // Lays the variables over it: BULKHEAD_PLUGIN_PATH, BULKHEAD_ISOLATION, BULKHEAD_MINIMUM_LEVEL,
  // BULKHEAD_LIMITS_<NAME>. A bad value is a FileError whose file is the variable's name.
  static Policy load(const std::string& file,
                     const std::function<const char*(const char*)>& environment);

  Decision decide(std::string_view plugin_id) const;
  // Patterns of rules without a '*' or '?' that name none of `ids`, as warnings with the nearest id.
  std::vector<std::string> unknown_plugins(const std::vector<std::string>& ids) const;
};

// Folders where the user's data, state and sockets go, by the XDG rules: "$XDG_CONFIG_HOME/bulkhead".
std::string config_folder(const std::function<const char*(const char*)>& environment);
std::string state_folder(const std::function<const char*(const char*)>& environment);
// "$XDG_RUNTIME_DIR/bulkhead" or "/tmp/bulkhead-UID".
std::string runtime_folder(const std::function<const char*(const char*)>& environment);

}  // namespace bulkhead::policy
