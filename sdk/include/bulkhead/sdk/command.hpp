// bulkhead/sdk/command.hpp: write a plugin that adds commands.
//
//   class Tools : public bulkhead::Command {
//    public:
//     std::vector<CommandFacts> list() const override {
//       return {{.name = "count-lines", .summary = "Counts lines", .help = "count-lines [FILE]"}};
//     }
//     CommandResult run(const Call& call, const CommandRequest& request) const override { ... }
//   };
//   BULKHEAD_PLUGIN(Tools);
//
// What the functions mean stands in bulkhead/abi/draft/command.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/draft/command.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

struct CommandFacts {
  std::string name;     // [a-z][a-z0-9-]*
  std::string summary;  // one line
  std::string help;     // what `--help` prints
};

// Valid during the call.
struct CommandRequest {
  std::string_view name;
  std::vector<std::string_view> arguments;  // without the name
  std::string_view input;                   // standard input
  bool terminal = false;                    // the output goes to a terminal
};

struct CommandResult {
  int exit_code = 0;
  std::string output;
  std::string errors;
};

class CommandInstance;

// May be called from many threads at once. Constructors: as bulkhead::Codec.
class Command {
 public:
  using Call = sdk::Call;
  using CommandFacts = sdk::CommandFacts;
  using CommandRequest = sdk::CommandRequest;
  using CommandResult = sdk::CommandResult;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;

  virtual ~Command() = default;
  virtual std::vector<CommandFacts> list() const = 0;
  virtual CommandResult run(const Call& call, const CommandRequest& request) const = 0;

  using Instance = CommandInstance;
  static constexpr const char* kInterfaces[] = {BH_COMMAND_1, nullptr};
};

// A Command as the C table. For BULKHEAD_PLUGIN.
class CommandInstance final : public InstanceBase {
 public:
  explicit CommandInstance(std::shared_ptr<const Command> command) : command_(std::move(command)) {}

  const void* interface(std::string_view name) const noexcept override {
    static constexpr bh_command_v1 kTable = {sizeof(bh_command_v1), 0, list, run, nullptr};
    return name == BH_COMMAND_1 ? &kTable : nullptr;
  }

 private:
  static const Command& of(bh_instance* instance) {
    return *static_cast<CommandInstance&>(InstanceBase::of(instance, BH_COMMAND_1)).command_;
  }
  static bh_bytes copy_bytes(const Call& call, std::string_view bytes) {
    const std::string_view copy = call.copy(bytes);
    return {reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size()};
  }

  static bh_status list(bh_call* raw, bh_instance* instance, const bh_empty* params,
                        bh_command_list_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_empty");
      check_struct(result, "bh_command_list_result");
      const Call call(raw);
      const std::vector<CommandFacts> facts = of(instance).list();
      auto* commands = call.allocate_array<bh_command>(facts.size());
      for (std::size_t i = 0; i < facts.size(); ++i) {
        commands[i] = {as_text(call.copy(facts[i].name)), as_text(call.copy(facts[i].summary)),
                       as_text(call.copy(facts[i].help))};
      }
      result->commands = commands;
      result->command_count = facts.size();
    });
  }

  static bh_status run(bh_call* raw, bh_instance* instance, const bh_command_run_params* params,
                       bh_command_run_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_command_run_params");
      check_struct(result, "bh_command_run_result");
      const Call call(raw);
      CommandRequest request{
          as_view(params->name), {}, as_view(params->input), params->terminal != 0};
      for (std::size_t i = 0; i < params->argument_count; ++i) {
        request.arguments.push_back(as_view(params->arguments[i]));
      }
      const CommandResult done = of(instance).run(call, request);
      result->exit_code = done.exit_code;
      result->output = copy_bytes(call, done.output);
      result->errors = copy_bytes(call, done.errors);
    });
  }

  std::shared_ptr<const Command> command_;
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Command = sdk::Command;
}
