// bulkhead/sdk/commands.hpp: the service "bulkhead.commands/1" for plugins: commands of this
// machine that outlive the host. What the functions mean, and which errors they have, stands in
// bulkhead/abi/draft/commands.h.
//
//   class Mine : public bulkhead::Provider {
//    public:
//     static constexpr const char* kServicesRequired[] = {BH_COMMANDS_1, nullptr};
//     explicit Mine(const Open& open) : commands_(open.services) {}
//     ...
//    private:
//     bulkhead::sdk::Commands commands_;
//   };
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/draft/commands.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/services.hpp>

namespace bulkhead::sdk {

// Borrowed for the call. What is 0 is as the host has it.
struct CommandStart {
  std::string_view key, tag = {}, name = {};
  std::vector<std::string_view> arguments = {};
  std::vector<std::pair<std::string_view, std::string_view>> environment = {};
  std::chrono::nanoseconds timeout{0};
  std::uint64_t work_bytes = 0, log_bytes = 0, memory_bytes = 0;
  std::uint32_t processes = 0;
};

// Cheap to copy; valid as long as the instance. All functions throw HostError where the host
// refuses: its words are given to the call already.
class Commands {
 public:
  explicit Commands(const Services& services) noexcept
      : table_(static_cast<const bh_commands_v1*>(services.get(BH_COMMANDS_1))) {}

  void start(const Call& call, const CommandStart& start) const {
    std::vector<bh_text> arguments;
    for (const std::string_view argument : start.arguments) arguments.push_back(as_text(argument));
    std::vector<bh_config_entry> environment;
    for (const auto& [name, value] : start.environment) {
      bh_config_entry entry{};
      entry.key = as_text(name);
      entry.type = BH_VALUE_TEXT;
      entry.text = as_text(value);
      environment.push_back(entry);
    }
    bh_commands_start_params params{};
    params.struct_size = sizeof params;
    params.key = as_text(start.key);
    params.tag = as_text(start.tag);
    params.name = as_text(start.name);
    params.arguments = arguments.data();
    params.argument_count = arguments.size();
    params.environment = environment.data();
    params.environment_count = environment.size();
    params.timeout_ns = start.timeout.count();
    params.work_bytes = start.work_bytes;
    params.log_bytes = start.log_bytes;
    params.memory_bytes = start.memory_bytes;
    params.processes = start.processes;
    run<bh_empty>(call, &bh_commands_v1::start, params);
  }

  void find(const Call& call, std::string_view key) const {
    run<bh_empty>(call, &bh_commands_v1::find, of_key(key));
  }
  // What the results point to is memory of the call.
  bh_commands_status_result status(const Call& call, std::string_view key) const {
    return run<bh_commands_status_result>(call, &bh_commands_v1::status, of_key(key));
  }
  bh_commands_logs_result logs(const Call& call, std::string_view key, std::uint64_t after,
                               std::uint64_t max_bytes, std::chrono::nanoseconds wait) const {
    bh_commands_logs_params params{};
    params.struct_size = sizeof params;
    params.key = as_text(key);
    params.after = after;
    params.max_bytes = max_bytes;
    params.wait_ns = wait.count();
    return run<bh_commands_logs_result>(call, &bh_commands_v1::logs, params);
  }
  void stop(const Call& call, std::string_view key, std::chrono::nanoseconds grace) const {
    bh_commands_stop_params params{};
    params.struct_size = sizeof params;
    params.key = as_text(key);
    params.grace_ns = grace.count();
    run<bh_empty>(call, &bh_commands_v1::stop, params);
  }
  // Whether nothing is left.
  bool destroy(const Call& call, std::string_view key) const {
    return run<bh_commands_destroy_result>(call, &bh_commands_v1::destroy, of_key(key)).gone != 0;
  }
  bh_commands_list_result list(const Call& call, std::string_view tag) const {
    bh_commands_list_params params{};
    params.struct_size = sizeof params;
    params.tag = as_text(tag);
    return run<bh_commands_list_result>(call, &bh_commands_v1::list, params);
  }

 private:
  static bh_commands_key_params of_key(std::string_view key) {
    bh_commands_key_params params{};
    params.struct_size = sizeof params;
    params.key = as_text(key);
    return params;
  }
  template <class Result, class Method, class Params>
  Result run(const Call& call, Method method, const Params& params) const {
    if (table_ == nullptr) {
      throw PluginError(BH_UNSUPPORTED,
                        "This host runs no commands for plugins (service " BH_COMMANDS_1 ").");
    }
    Result result{};
    result.struct_size = sizeof result;
    const bh_status status = (table_->*method)(call.raw(), table_, &params, &result);
    if (status == BH_OK) return result;
    if (status == BH_CANCELLED || status == BH_DEADLINE_EXCEEDED) throw Cancelled(status);
    throw HostError(status, "the host refused a command");
  }

  const bh_commands_v1* table_;
};

}  // namespace bulkhead::sdk
