// Jobs on this machine: each is a command that the host keeps (bulkhead/sdk/commands.hpp), its key
// the intent. The plugin stores nothing: a handle is the version of its form, and the key.
#include <bulkhead/sdk/commands.hpp>
#include <bulkhead/sdk/provider.hpp>

#include <time.h>

#include "machine.hpp"

namespace local {
namespace {

using bulkhead::sdk::as_view;
using bulkhead::sdk::Commands;

constexpr std::string_view kForm = "local/";  // then the version, then "/", then the key
constexpr std::string_view kHandle = "local/1/";

std::uint32_t state_of(std::uint32_t state, std::uint32_t reason, std::int32_t exit_code) {
  if (state == BH_COMMAND_RUNNING) return BH_JOB_RUNNING;
  const bool succeeded = state == BH_COMMAND_ENDED && reason == BH_COMMAND_EXITED && exit_code == 0;
  return succeeded ? BH_JOB_SUCCEEDED : BH_JOB_FAILED;
}

std::uint32_t reason_of(std::uint32_t state, std::uint32_t reason, std::int32_t exit_code) {
  if (state == BH_COMMAND_RUNNING) return BH_REASON_NONE;
  if (state == BH_COMMAND_LOST) return BH_REASON_LOST;
  switch (reason) {
    case BH_COMMAND_EXITED:
      return exit_code == 0 ? BH_REASON_NONE : BH_REASON_USER_ERROR;
    case BH_COMMAND_NOT_EXECUTED:
      return BH_REASON_USER_ERROR;
    case BH_COMMAND_STOPPED:
      return BH_REASON_STOPPED;
    case BH_COMMAND_TIMEOUT:
      return BH_REASON_TIMEOUT;
    default:
      return BH_REASON_INFRA;
  }
}

class Local final : public bulkhead::Provider {
 public:
  static constexpr const char* kServicesRequired[] = {BH_COMMANDS_1, nullptr};

  explicit Local(const Open& open)
      : commands_(open.services),
        work_bytes_(number(open, "work_bytes")),
        log_bytes_(number(open, "log_bytes")),
        memory_bytes_(number(open, "process_memory_bytes")),
        processes_(static_cast<std::uint32_t>(number(open, "processes"))) {}

  ProviderFacts info() const override {
    return {"local", "Commands of this machine, each in a jail of its own, free of charge"};
  }

  Quote quote(const Call&, const Job& job) const override {
    const Machine machine = this_machine();
    check(job, machine);
    Quote quote;
    quote.quoted_at = ::time(nullptr);
    quote.note = std::to_string(machine.cpus) + " CPUs, " + std::to_string(machine.memory >> 20) +
                 " MiB of memory, shared with all that runs";
    return quote;
  }

  std::string submit(const Call& call, std::string_view intent, const Job& job) const override {
    check(job, this_machine());
    commands_.start(call, {.key = intent,
                           .tag = job.tag,
                           .name = job.name,
                           .arguments = job.arguments,
                           .environment = job.environment,
                           .timeout = job.timeout,
                           .work_bytes = work_bytes_,
                           .log_bytes = log_bytes_,
                           .memory_bytes = memory_bytes_,
                           .processes = processes_});
    return handle_of(intent);
  }

  std::string find(const Call& call, std::string_view intent) const override {
    commands_.find(call, intent);
    return handle_of(intent);
  }

  std::string recover(const Call& call, std::string_view handle) const override {
    return find(call, key_of(handle));
  }

  JobStatus status(const Call& call, std::string_view handle) const override {
    const auto command = commands_.status(call, key_of(handle));
    return {.state = state_of(command.state, command.reason, command.exit_code),
            .reason = reason_of(command.state, command.reason, command.exit_code),
            .exit_code = command.exit_code,
            .started_at = command.started_at,
            .ended_at = command.ended_at,
            .micros_spent = 0,
            .message = std::string(as_view(command.message))};
  }

  JobLog logs(const Call& call, std::string_view handle, const LogRequest& request) const override {
    const auto log =
        commands_.logs(call, key_of(handle), request.after, request.max_bytes, request.wait);
    return {std::string(as_view(log.bytes)), log.next, log.ended != 0};
  }

  void stop(const Call& call, std::string_view handle, nanoseconds grace) const override {
    commands_.stop(call, key_of(handle), grace);
  }

  bool destroy(const Call& call, std::string_view handle) const override {
    return commands_.destroy(call, key_of(handle));
  }

  std::vector<OwnedJob> list_owned(const Call& call, std::string_view tag) const override {
    const auto list = commands_.list(call, tag);
    std::vector<OwnedJob> owned;
    for (std::size_t i = 0; i < list.command_count; ++i) {
      const bh_owned_command& command = list.commands[i];
      const std::string_view key = as_view(command.key);
      owned.push_back({std::string(key), handle_of(key),
                       state_of(command.state, command.reason, command.exit_code)});
    }
    return owned;
  }

  // Whether the host lets it run commands.
  Health health(const Call& call) const override {
    try {
      commands_.list(call, "local-health");
      return {true, "commands can be started"};
    } catch (const bulkhead::sdk::HostError& error) {
      if (error.status() != BH_PERMISSION_DENIED) throw;
      return {false, "the policy does not let local start commands"};
    }
  }

 private:
  static std::uint64_t number(const Open& open, const char* key) {
    return static_cast<std::uint64_t>(open.config.integer(key));
  }

  // What this machine never has.
  static void check(const Job& job, const Machine& machine) {
    const auto refuse = [](const std::string& why) { throw PluginError(BH_UNSUPPORTED, why); };
    if (!job.image.empty()) {
      refuse("local runs programs of this machine: it has no container images. Leave `image` out.");
    }
    if (!job.gpu.empty() || job.gpu_count != 0 || job.gpu_memory != 0) {
      refuse("A job of local gets no GPU. Leave the GPU out, or use another provider.");
    }
    if (job.cpus > machine.cpus) {
      refuse("The job needs " + std::to_string(job.cpus) + " CPUs; this machine has " +
             std::to_string(machine.cpus) + ".");
    }
    if (job.memory > machine.memory) {
      refuse("The job needs " + std::to_string(job.memory >> 20) +
             " MiB of memory; this machine has " + std::to_string(machine.memory >> 20) + " MiB.");
    }
  }

  static std::string handle_of(std::string_view key) {
    return std::string(kHandle) + std::string(key);
  }
  static std::string_view key_of(std::string_view handle) {
    if (handle.starts_with(kHandle) && handle.size() > kHandle.size()) {
      return handle.substr(kHandle.size());
    }
    const bool later = handle.starts_with(kForm) && handle.size() > kForm.size() &&
                       handle[kForm.size()] >= '2' && handle[kForm.size()] <= '9';
    if (later) {
      throw PluginError(BH_VERSION_MISMATCH,
                        "The handle was made by a later version of local; use that one.");
    }
    throw PluginError(BH_DATA_INVALID, "The handle is none of local's.");
  }

  const Commands commands_;
  const std::uint64_t work_bytes_, log_bytes_, memory_bytes_;
  const std::uint32_t processes_;
};

}  // namespace
}  // namespace local

BULKHEAD_PLUGIN(local::Local);
