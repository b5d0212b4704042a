// bulkhead/host.hpp: embed the host in a C++20 application.
//
//   bulkhead::Host host;
//   auto codec = host.load("en_gpt2").codec({{"encoding", "gpt2"}});
//   std::vector<std::uint32_t> ids = codec.encode("Hello, world");
//
// Whether the plugin runs in process or in a cell (a sandboxed child process) is the policy's
// choice; nothing here changes with it.
//
// Threads: every member function may be called from any thread, unless its comment says otherwise.
// Objects are handles: cheap to move; Plugin, Instance and CodecClient also to copy, and they keep
// what they need alive. Close the Host last for a tidy end: after that, calls fail with
// Status::unavailable.
// Errors: everything that can fail throws bulkhead::Error.
// The library changes no signal handler, and waits only for processes that it started itself.
#pragma once

#if !defined(__cplusplus) || __cplusplus < 202002L
#error "bulkhead/host.hpp needs C++20: compile with -std=c++20. C programs include bulkhead/host.h."
#endif

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <bulkhead/abi/codec.h>

#define BULKHEAD_API __attribute__((visibility("default")))

namespace bulkhead {

// The version of this library, SemVer.
BULKHEAD_API const char* host_version();

// bh_status for C++; values 1000 and above belong to a kind (BH_CODEC_DISALLOWED_SPECIAL, ...).
enum class Status : std::int32_t {
  ok = BH_OK,
  invalid_argument = BH_INVALID_ARGUMENT,
  not_found = BH_NOT_FOUND,
  unsupported = BH_UNSUPPORTED,
  cancelled = BH_CANCELLED,
  deadline_exceeded = BH_DEADLINE_EXCEEDED,
  out_of_memory = BH_OUT_OF_MEMORY,
  resource_exhausted = BH_RESOURCE_EXHAUSTED,
  overloaded = BH_OVERLOADED,
  permission_denied = BH_PERMISSION_DENIED,
  data_invalid = BH_DATA_INVALID,
  io_error = BH_IO_ERROR,
  internal = BH_INTERNAL,
  plugin_crashed = BH_PLUGIN_CRASHED,
  unresponsive = BH_UNRESPONSIVE,
  protocol_error = BH_PROTOCOL_ERROR,
  version_mismatch = BH_VERSION_MISMATCH,
  unavailable = BH_UNAVAILABLE,
  disallowed_special = BH_CODEC_DISALLOWED_SPECIAL,
};

// "plugin_crashed" and so on; "status_1234" for a value without a name.
BULKHEAD_API std::string status_name(Status status);

// what() is one or more sentences for a person: plugin, what was tried, why it failed, what to do.
class BULKHEAD_API Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& message);
  ~Error() override;
  Status status() const noexcept { return status_; }

 private:
  Status status_;
};

enum class Isolation { in_process = BH_ISOLATION_IN_PROCESS, cell = BH_ISOLATION_CELL };
BULKHEAD_API const char* isolation_name(Isolation isolation);  // "in-process", "cell"

struct LogRecord {
  std::uint32_t level = BH_LOG_INFO;  // BH_LOG_*
  std::string plugin;                 // "en_gpt2 1.0.0"; empty: the host itself
  std::uint64_t call = 0;             // 0: outside of a call
  std::string text;                   // one line
};

struct HostOptions {
  // Policy file (bulkhead.toml). Empty: $BULKHEAD_POLICY, else the user's
  // ($XDG_CONFIG_HOME/bulkhead/bulkhead.toml), else /etc/bulkhead/bulkhead.toml, else defaults.
  std::string policy_file;
  // Folders of plugins, searched before those of the policy.
  std::vector<std::string> plugin_folders;
  // False: environment variables (BULKHEAD_*) are not read.
  bool read_environment = true;
  // The control socket by which `bulkhead ps` finds this host.
  bool control_socket = true;
  // What `bulkhead ps` shows; empty: the name of the program.
  std::string name;
  // Where log lines go; may be called from any thread, one call at a time. Empty: warnings and
  // errors to standard error.
  std::function<void(const LogRecord&)> log;
};

// What a manifest says, plus where it was found.
struct PluginInfo {
  std::string id;
  std::string version;
  std::string kind;
  std::string description;
  std::string license;
  std::vector<std::string> authors;
  std::vector<std::string> interfaces;
  std::string folder;
  std::string error;  // not empty: this folder can't be used, and why
};

struct LoadOptions {
  std::string version = "*";             // SemVer range; the highest version in it is taken
  std::optional<Isolation> isolation{};  // stricter or looser than the policy's rule
  std::optional<int> minimum_level{};    // refuse to run below this level (0 to 3)
  // A cell for debugging (docs/debugging.md): a debugger may attach to it, it dumps core,
  // sanitizers work in it. It has level 0, so a minimum level refuses it. The policy can ask for
  // it, too.
  bool development = false;
  // development: the start waits until a debugger is attached, and calls have 720 hours.
  bool wait_for_debugger = false;
  // For a shorter time than limits.start_timeout of the policy; 0: that one.
  std::chrono::nanoseconds start_timeout{0};
};

// What the kernel enforces on a plugin, as found.
struct Level {
  int number = 0;                     // 0 to 3; the table is in docs/sandbox.md
  std::vector<std::string> enforced;  // "seccomp", "landlock abi 7", "namespaces", ...
  std::vector<std::string> missing;   // what the next level would need, with the reason
};

using ConfigValue = std::variant<bool, std::int64_t, double, std::string>;
// Keys and values of a plugin's configuration, checked against its manifest. Text values are
// converted to the type that the manifest gives for the key.
using Config = std::map<std::string, ConfigValue>;

enum class FileAccess { read, write };

// A file that is lent to a plugin.
struct LentFile {
  std::string path;
  FileAccess access = FileAccess::read;
};

struct OpenOptions {
  // Lent from the beginning, by the name that the plugin uses: it may read them while it opens, and
  // when it is opened anew after a crash. They lie over those that the policy grants.
  std::map<std::string, LentFile> files{};
};

// Takes calls back. Copies share one state; cancel() may come from any thread, before, during or
// after the call.
class BULKHEAD_API CancelSource {
 public:
  CancelSource();
  void cancel();
  bool cancelled() const;

 private:
  friend struct CallAccess;
  std::shared_ptr<struct CancelState> state_;
};

struct CallOptions {
  // Time from the start of the call; zero: the policy's limits.call_timeout.
  std::chrono::nanoseconds timeout{0};
  const CancelSource* cancel = nullptr;
  // Progress of the call: done and total (0: unknown). A synchronous call runs it on the calling
  // thread, an asynchronous one on a thread of the host.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

class Plugin;
class Instance;
class CodecClient;

class BULKHEAD_API Host {
 public:
  explicit Host(HostOptions options = {});
  ~Host();
  Host(Host&&) noexcept;
  Host& operator=(Host&&) noexcept;

  // Every plugin in the plugin folders, by id and version, broken ones too (PluginInfo::error).
  std::vector<PluginInfo> list() const;
  // Loads a plugin: finds it, verifies it, starts its cell (or opens its library).
  Plugin load(std::string_view id, const LoadOptions& options = {});
  // What a cell gets on this machine: starts one that runs nothing.
  Level probe_level() const;
  // What `bulkhead ps` shows of this host, as JSON.
  std::string status_json() const;
  // Where plugins are looked for, in this order; they need not exist.
  std::vector<std::string> plugin_folders() const;
  // The policy file in use; empty: none was found, the defaults hold.
  std::string policy_file() const;
  // Ends all cells and calls; asynchronous ones complete with Status::unavailable or cancelled. Not
  // from a callback of the host. Calls in process are asked to stop and get their grace time
  // (limits.grace); one that runs on after it is answered with Status::unresponsive. Idempotent.
  void close();

 private:
  friend struct HostAccess;
  std::shared_ptr<class HostState> state_;
};

class BULKHEAD_API Plugin {
 public:
  const PluginInfo& info() const;
  Isolation isolation() const;
  // What is enforced on the cell that runs now; level 0 in process.
  Level level() const;
  // The cell's process, as this process sees it; 0 in process or while no cell runs.
  int process() const;
  // sha256 of the package, hexadecimal.
  std::string package_hash() const;

  // Makes an instance. After a crash of its cell it is made anew, with the same configuration, by
  // the next call; state held in the plugin (open streams) is gone.
  Instance open(const Config& config = {}, const OpenOptions& options = {});
  // open(), seen as a codec.
  CodecClient codec(const Config& config = {}, const OpenOptions& options = {});

 private:
  friend class Host;
  friend struct HostAccess;
  explicit Plugin(std::shared_ptr<class PluginState> state);
  std::shared_ptr<class PluginState> state_;
};

class BULKHEAD_API Instance {
 public:
  // The C table of an interface ("bulkhead.codec/1") for use with handle(), or null. It is the same
  // in both isolations, and lives as long as this object or a copy of it. The bh_call for its
  // functions comes from bh_call_new (bulkhead/host.h).
  const void* interface(const char* name) const;
  bh_instance* handle() const;

  // Any method of any known interface, by name, JSON in and JSON out (field names as in
  // sdk/schema/; bytes are text where they are UTF-8, else {"base64": "..."}).
  std::string call_json(std::string_view interface, std::string_view method,
                        std::string_view params, const CallOptions& options = {});

  // Lends the plugin a file, by a name that it uses in its calls: for reading, or for writing (it
  // then appears, or is replaced, whole and at once). Holds until it is revoked or the instance
  // goes; a second grant of the name replaces the first. [any-thread] Throws invalid_argument.
  void grant_file(std::string name, std::string path, FileAccess access);
  // No new opening; what is open stays open. [any-thread]
  void revoke_file(std::string_view name);

 private:
  friend class Plugin;
  friend class CodecClient;
  friend struct HostAccess;
  explicit Instance(std::shared_ptr<class InstanceState> state);
  std::shared_ptr<class InstanceState> state_;
};

}  // namespace bulkhead

#include <bulkhead/codec_client.hpp>
