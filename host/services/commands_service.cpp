#include "host/services/commands_service.hpp"

#include <bulkhead/abi/draft/commands.h>
#include <bulkhead/host.hpp>
#include <bulkhead/sdk/call.hpp>

#include <utility>

#include "host/services/command_store.hpp"

namespace bulkhead::host {
namespace {

using sdk::as_view;
using sdk::Call;
using sdk::PluginError;
using std::chrono::nanoseconds;

struct Service : bh_commands_v1 {
  explicit Service(CommandsGrant of);

  const CommandsGrant grant;
  const CommandStore commands;
};

// What body() throws becomes a status and its words.
template <class Body>
bh_status answer(bh_call* raw, const bh_commands_v1* self, Body&& body) {
  return sdk::guarded(raw, [&] {
    const Service& service = *static_cast<const Service*>(self);
    if (!service.grant.refusal.empty()) {
      throw PluginError(BH_PERMISSION_DENIED, service.grant.refusal);
    }
    try {
      body(Call(raw), service.commands);
    } catch (const Error& error) {
      throw PluginError(static_cast<bh_status>(error.status()), error.what());
    }
  });
}

bh_text copy(const Call& call, std::string_view text) { return sdk::as_text(call.copy(text)); }

nanoseconds time_of(std::int64_t ns, const char* what) {
  if (ns >= 0) return nanoseconds(ns);
  throw PluginError(BH_INVALID_ARGUMENT, std::string(what) + " is negative.");
}

CommandStore::Start start_of(const bh_commands_start_params& params) {
  CommandStore::Start start{std::string(as_view(params.key)),
                            std::string(as_view(params.tag)),
                            std::string(as_view(params.name)),
                            {}};
  sandbox::KeepRequest& request = start.request;
  for (std::size_t i = 0; i < params.argument_count; ++i) {
    request.arguments.emplace_back(as_view(params.arguments[i]));
  }
  for (std::size_t i = 0; i < params.environment_count; ++i) {
    const bh_config_entry& entry = params.environment[i];
    if (entry.type != BH_VALUE_TEXT) {
      throw PluginError(BH_INVALID_ARGUMENT, "The value of the environment variable \"" +
                                                 std::string(as_view(entry.key)) +
                                                 "\" is no text.");
    }
    request.environment.emplace_back(as_view(entry.key), as_view(entry.text));
  }
  request.timeout_ns =
      static_cast<std::uint64_t>(time_of(params.timeout_ns, "The timeout").count());
  if (params.work_bytes != 0) request.work_bytes = params.work_bytes;
  if (params.log_bytes != 0) request.log_bytes = params.log_bytes;
  if (params.processes != 0) request.processes = params.processes;
  request.memory_bytes = params.memory_bytes;
  return start;
}

bh_status start(bh_call* raw, const bh_commands_v1* self, const bh_commands_start_params* params,
                bh_empty*) {
  return answer(raw, self, [&](const Call& call, const CommandStore& commands) {
    commands.start(call, start_of(*params));
  });
}

bh_status find(bh_call* raw, const bh_commands_v1* self, const bh_commands_key_params* params,
               bh_empty*) {
  return answer(raw, self, [&](const Call&, const CommandStore& commands) {
    commands.find(as_view(params->key));
  });
}

bh_status status(bh_call* raw, const bh_commands_v1* self, const bh_commands_key_params* params,
                 bh_commands_status_result* result) {
  return answer(raw, self, [&](const Call& call, const CommandStore& commands) {
    const CommandStatus status = commands.status(as_view(params->key));
    result->state = status.state;
    result->reason = status.reason;
    result->exit_code = status.exit_code;
    result->started_at = status.started_at;
    result->ended_at = status.ended_at;
    result->cpu_ns = status.cpu_ns;
    result->log_bytes = status.log_bytes;
    result->log_dropped = status.log_dropped;
    result->message = copy(call, status.message);
  });
}

bh_status logs(bh_call* raw, const bh_commands_v1* self, const bh_commands_logs_params* params,
               bh_commands_logs_result* result) {
  return answer(raw, self, [&](const Call& call, const CommandStore& commands) {
    const CommandLog log =
        commands.logs(call, as_view(params->key), params->after, params->max_bytes,
                      time_of(params->wait_ns, "The time to wait for a log"));
    const std::string_view bytes = call.copy(log.bytes);
    result->ended = log.ended ? 1 : 0;
    result->next = log.next;
    result->bytes = {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  });
}

bh_status stop(bh_call* raw, const bh_commands_v1* self, const bh_commands_stop_params* params,
               bh_empty*) {
  return answer(raw, self, [&](const Call&, const CommandStore& commands) {
    commands.stop(as_view(params->key), time_of(params->grace_ns, "The grace time"));
  });
}

bh_status destroy(bh_call* raw, const bh_commands_v1* self, const bh_commands_key_params* params,
                  bh_commands_destroy_result* result) {
  return answer(raw, self, [&](const Call& call, const CommandStore& commands) {
    result->gone = commands.destroy(call, as_view(params->key)) ? 1 : 0;
  });
}

bh_status list(bh_call* raw, const bh_commands_v1* self, const bh_commands_list_params* params,
               bh_commands_list_result* result) {
  return answer(raw, self, [&](const Call& call, const CommandStore& commands) {
    const auto owned = commands.list(as_view(params->tag));
    auto* out = call.allocate_array<bh_owned_command>(owned.size());
    for (std::size_t i = 0; i < owned.size(); ++i) {
      const OwnedCommand& command = owned[i];
      out[i] = {copy(call, command.key), copy(call, command.name), command.state,
                command.reason,          command.exit_code,        0};
    }
    result->commands = out;
    result->command_count = owned.size();
  });
}

constexpr bh_commands_v1 kTable = {
    sizeof(bh_commands_v1), 0, start, find, status, logs, stop, destroy, list};

Service::Service(CommandsGrant of)
    : bh_commands_v1(kTable), grant(std::move(of)), commands(grant.folder, grant.launcher) {}

}  // namespace

std::shared_ptr<wire::ServicePort> commands_port(CommandsGrant grant) {
  auto service = std::make_shared<const Service>(std::move(grant));
  const void* table = static_cast<const bh_commands_v1*>(service.get());
  return wire::local_port(table, std::move(service));
}

}  // namespace bulkhead::host
