// bulkhead/command_client.hpp: the commands of a plugin, as an embedder runs them.
//
//   bulkhead::CommandClient tools(host.load("my_tools").open());
//   auto ran = tools.run("count-lines", {"--all"}, {.input = text});
//
// What the methods mean stands in bulkhead/abi/draft/command.h, which is a draft: so is this.
#pragma once

#include <bulkhead/host.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/abi/draft/command.h>

namespace bulkhead {

struct CommandInfo {
  std::string name;     // [a-z][a-z0-9-]*
  std::string summary;  // one line
  std::string help;
  bool operator==(const CommandInfo&) const = default;
};

struct CommandInput {
  std::string_view input{};  // standard input
  bool terminal = false;     // the output goes to a terminal
};

// How a command ended, whatever its exit code is.
struct CommandOutput {
  int exit_code = 0;  // 0 to 125
  std::string output;
  std::string errors;
  bool operator==(const CommandOutput&) const = default;
};

// [any-thread] Errors: besides those of the method, Status::protocol_error where the plugin answers
// what the interface does not allow.
class BULKHEAD_API CommandClient {
 public:
  // Throws Status::unsupported when the instance has no commands.
  explicit CommandClient(Instance instance);

  std::vector<CommandInfo> list(const CallOptions& call = {}) const;
  // Runs one to its end. Throws Status::not_found for a name that is not in the list.
  CommandOutput run(std::string_view name, std::span<const std::string> arguments = {},
                    const CommandInput& input = {}, const CallOptions& call = {}) const;

  const Instance& instance() const { return instance_; }

 private:
  Instance instance_;
  const bh_command_v1* table_;
};

}  // namespace bulkhead
