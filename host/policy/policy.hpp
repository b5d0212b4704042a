// bulkhead.toml, the policy of an installation: where plugins are, how far each is trusted, what it
// may use. Environment variables lie over it. Format: docs/policy.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/policy/grants.hpp"
#include "registry/manifest/toml_reader.hpp"

namespace bulkhead::manifest {
struct Manifest;
}

namespace bulkhead::policy {

constexpr int kPolicyFormat = 1;

enum class Mode { in_process, cell };
const char* mode_name(Mode mode);  // "in-process", "cell"

// Answers a variable's value or null: std::getenv, where the host may read the environment.
using Environment = std::function<const char*(const char*)>;

// Every limit has a default; see the fields. Durations in nanoseconds, sizes in bytes.
struct Limits {
  std::int64_t call_timeout = 60'000'000'000;
  std::int64_t grace = 1'000'000'000;             // after cancellation, before a cell is ended
  std::int64_t start_timeout = 10'000'000'000;    // cell start, load, open
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
  bool development = false;        // a cell for debugging; docs/debugging.md
  bool wait_for_debugger = false;  // never by a policy: by the application alone
  Limits limits;
  // Where mode and minimum_level come from, for a person: "isolation.default in bulkhead.toml:4",
  // "the rule 'en_*' in bulkhead.toml:21", "BULKHEAD_ISOLATION", "the built-in default".
  std::string reason;
  std::string level_reason;        // where minimum_level alone comes from
  std::string development_reason;  // where development comes from
  // What the rules grant; what of it holds for a plugin, settle_grants() says.
  Grants grants;
};

// Glob pattern over plugin ids ('*', '?'), and what it changes. First match wins, key by key. A
// variable that holds for every plugin is a rule "*" before all others.
struct Rule {
  std::string match;
  std::optional<Mode> mode;
  std::optional<int> minimum_level;
  std::optional<bool> development;
  // Limits that this rule sets, by name as in [limits].
  std::vector<std::pair<std::string, std::uint64_t>> limits;
  RuleGrants grants;
  std::string origin;  // "the rule 'en_*' in bulkhead.toml:21", or the variable's name
};

struct Policy {
  std::string file;  // empty: defaults
  std::vector<std::string> plugin_folders;
  Mode default_mode = Mode::cell;
  int default_minimum_level = 0;
  std::string default_mode_origin, default_minimum_level_origin;  // as Decision::reason
  Limits limits;
  std::string certificates;  // a file of roots for https; empty: those of the system
  std::vector<Rule> rules;

  // Throws manifest::FileError. Relative folders are relative to the file.
  static Policy parse(std::string_view text, std::string file);
  // Finds and reads the policy file: `file` if not empty (must exist), else $BULKHEAD_POLICY (must
  // exist), else the user's (config_folder), else /etc/bulkhead/bulkhead.toml, else defaults. Lays
  // the variables over it: BULKHEAD_PLUGIN_PATH, BULKHEAD_ISOLATION, BULKHEAD_MINIMUM_LEVEL,
  // BULKHEAD_LIMITS_<NAME>; an empty variable is none. A bad value, and a variable of the process
  // whose name is nearly one of these, is a FileError whose file is the variable's name. Folders
  // become absolute. Where the file names none, they are
  // default_plugin_folders().
  static Policy load(const std::string& file, const Environment& environment);

  Decision decide(std::string_view plugin_id) const;
  // Patterns of rules without a '*' or '?' that name none of `ids`, as warnings with the nearest
  // id.
  std::vector<std::string> unknown_plugins(const std::vector<std::string>& ids) const;
};

// What is wrong with what a manifest asks for, under the limits of a decision: a sentence for a
// person, or nothing.
std::optional<std::string> check_permissions(const manifest::Manifest& manifest,
                                             const Decision& decision);

// Folders of the user, by the XDG rules; none is made here. The config folder is empty, which means
// "no such folder", where neither $XDG_CONFIG_HOME nor $HOME is an absolute path: a policy is not
// read from a place that others can write to.
std::string config_folder(const Environment& environment);  // "$XDG_CONFIG_HOME/bulkhead"
// "$XDG_STATE_HOME/bulkhead", or "state" in the runtime folder where there is no home.
std::string state_folder(const Environment& environment);
// "$XDG_RUNTIME_DIR/bulkhead" or "/tmp/bulkhead-UID". Anyone may have made the latter: the caller
// makes it with mode 0700, and refuses one that another user owns or can write to.
std::string runtime_folder(const Environment& environment);
// "$XDG_DATA_HOME/bulkhead/secrets"; empty where there is no home.
std::string secrets_folder(const Environment& environment);
// "$XDG_DATA_HOME/bulkhead/plugins" (where there is a home), "/usr/local/lib/bulkhead/plugins",
// "/usr/lib/bulkhead/plugins". They need not exist.
std::vector<std::string> default_plugin_folders(const Environment& environment);

}  // namespace bulkhead::policy
