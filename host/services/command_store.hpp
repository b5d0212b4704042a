// The commands of one owner (a plugin): folders of the host's state, each kept by a process of its
// own. Several hosts may use the same folder at the same time.
#pragma once

#include <bulkhead/sdk/call.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/keep/request.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::host {

struct CommandStatus {
  std::uint32_t state = 0;   // BH_COMMAND_RUNNING, _ENDED, _LOST
  std::uint32_t reason = 0;  // BH_COMMAND_EXITED ...; 0 where it has not ended
  int exit_code = -1;
  std::int64_t started_at = 0, ended_at = 0;
  std::uint64_t cpu_ns = 0, log_bytes = 0, log_dropped = 0;
  std::string message;
};

struct CommandLog {
  std::string bytes;
  std::uint64_t next = 0;
  bool ended = false;
};

struct OwnedCommand {
  std::string key, name;
  std::uint32_t state = 0, reason = 0;
  int exit_code = -1;
};

// All functions are [any-thread] and throw sdk::PluginError; what they mean stands in
// bulkhead/abi/draft/commands.h. They poll the call while they wait.
class CommandStore {
 public:
  // `folder` is the owner's, made at the first start; `launcher` gives the path of the program
  // bulkhead-launcher.
  CommandStore(std::string folder, std::function<std::string()> launcher);

  struct Start {
    std::string key, tag, name;
    sandbox::KeepRequest request;
  };
  void start(const sdk::Call& call, const Start& start) const;
  void find(std::string_view key) const;
  CommandStatus status(std::string_view key) const;
  CommandLog logs(const sdk::Call& call, std::string_view key, std::uint64_t after,
                  std::uint64_t max_bytes, std::chrono::nanoseconds wait) const;
  void stop(std::string_view key, std::chrono::nanoseconds grace) const;
  bool destroy(const sdk::Call& call, std::string_view key) const;
  std::vector<OwnedCommand> list(std::string_view tag) const;

 private:
  std::string path_of(std::string_view key) const;
  wire::UniqueFd open_started(std::string_view key) const;
  // Begins anew under the key. True: it runs already, with the same request.
  bool take_place(const sdk::Call& call, const Start& start) const;
  void write_intent(const Start& start) const;

  const std::string folder_;
  const std::function<std::string()> launcher_;
};

}  // namespace bulkhead::host
