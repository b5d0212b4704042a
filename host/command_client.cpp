#include <bulkhead/command_client.hpp>

#include <algorithm>

#include "host/runtime/client.hpp"

namespace bulkhead {
namespace {

using host::bytes_of;
using host::sized;
using host::text_of;

constexpr int kMostExitCode = 125;

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

CommandClient::CommandClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_command_v1>(instance_, BH_COMMAND_1, "plugin with commands")) {}

std::vector<CommandInfo> CommandClient::list(const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  const auto params = sized<bh_empty>();
  auto result = sized<bh_command_list_result>();
  call.check(table_->list(&call, instance_.handle(), &params, &result));
  std::vector<CommandInfo> commands;
  for (std::size_t i = 0; i < result.command_count; ++i) {
    const bh_command& command = result.commands[i];
    commands.push_back({text_of(command.name), text_of(command.summary), text_of(command.help)});
    if (!is_name(commands.back().name)) {
      throw host::broken_answer(instance_, "list",
                                "command " + std::to_string(i) +
                                    " has a name that is none: it begins with "
                                    "a letter and has a-z, 0-9 and '-'");
    }
  }
  return commands;
}

CommandOutput CommandClient::run(std::string_view name, std::span<const std::string> arguments,
                                 const CommandInput& input, const CallOptions& options) const {
  std::vector<bh_text> texts;
  for (const std::string& argument : arguments) texts.push_back({argument.data(), argument.size()});
  host::Call call(HostAccess::plugin(instance_), options);
  auto params = sized<bh_command_run_params>();
  params.terminal = input.terminal ? 1 : 0;
  params.name = {name.data(), name.size()};
  params.arguments = texts.data();
  params.argument_count = texts.size();
  params.input = {reinterpret_cast<const std::uint8_t*>(input.input.data()), input.input.size()};
  auto result = sized<bh_command_run_result>();
  call.check(table_->run(&call, instance_.handle(), &params, &result));
  if (result.exit_code < 0 || result.exit_code > kMostExitCode) {
    throw host::broken_answer(
        instance_, "run",
        "the exit code " + std::to_string(result.exit_code) + " is not one of 0 to 125");
  }
  return {result.exit_code, bytes_of(result.output), bytes_of(result.errors)};
}

}  // namespace bulkhead
