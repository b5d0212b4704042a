// The structs and methods of the service "bulkhead.commands/1".
#include <bulkhead/abi/draft/commands.h>

#include "sdk/schema/draft/commands.capnp.h"
#include "sdk/schema/draft/common.capnp.h"
#include "sdk/wire/drafts.hpp"
#include "sdk/wire/service.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_commands_start_params>() {
  static const Layout self = describe<bh_commands_start_params>(
      {BULKHEAD_FIELD(bh_commands_start_params, key), BULKHEAD_FIELD(bh_commands_start_params, tag),
       BULKHEAD_FIELD(bh_commands_start_params, name),
       BULKHEAD_LIST(bh_commands_start_params, arguments, argument_count),
       BULKHEAD_LIST(bh_commands_start_params, environment, environment_count),
       BULKHEAD_FIELD(bh_commands_start_params, timeout_ns),
       BULKHEAD_FIELD(bh_commands_start_params, work_bytes),
       BULKHEAD_FIELD(bh_commands_start_params, log_bytes),
       BULKHEAD_FIELD(bh_commands_start_params, memory_bytes),
       BULKHEAD_FIELD(bh_commands_start_params, processes)});
  return self;
}

template <>
const Layout& layout<bh_commands_key_params>() {
  static const Layout self =
      describe<bh_commands_key_params>({BULKHEAD_FIELD(bh_commands_key_params, key)});
  return self;
}

template <>
const Layout& layout<bh_commands_status_result>() {
  static const Layout self =
      describe<bh_commands_status_result>({BULKHEAD_FIELD(bh_commands_status_result, state),
                                           BULKHEAD_FIELD(bh_commands_status_result, reason),
                                           BULKHEAD_FIELD(bh_commands_status_result, exit_code),
                                           BULKHEAD_FIELD(bh_commands_status_result, started_at),
                                           BULKHEAD_FIELD(bh_commands_status_result, ended_at),
                                           BULKHEAD_FIELD(bh_commands_status_result, cpu_ns),
                                           BULKHEAD_FIELD(bh_commands_status_result, log_bytes),
                                           BULKHEAD_FIELD(bh_commands_status_result, log_dropped),
                                           BULKHEAD_FIELD(bh_commands_status_result, message)});
  return self;
}

template <>
const Layout& layout<bh_commands_logs_params>() {
  static const Layout self = describe<bh_commands_logs_params>(
      {BULKHEAD_FIELD(bh_commands_logs_params, key), BULKHEAD_FIELD(bh_commands_logs_params, after),
       BULKHEAD_FIELD(bh_commands_logs_params, max_bytes),
       BULKHEAD_FIELD(bh_commands_logs_params, wait_ns)});
  return self;
}

template <>
const Layout& layout<bh_commands_logs_result>() {
  static const Layout self =
      describe<bh_commands_logs_result>({BULKHEAD_FIELD(bh_commands_logs_result, ended),
                                         BULKHEAD_FIELD(bh_commands_logs_result, next),
                                         BULKHEAD_FIELD(bh_commands_logs_result, bytes)});
  return self;
}

template <>
const Layout& layout<bh_commands_stop_params>() {
  static const Layout self =
      describe<bh_commands_stop_params>({BULKHEAD_FIELD(bh_commands_stop_params, key),
                                         BULKHEAD_FIELD(bh_commands_stop_params, grace_ns)});
  return self;
}

template <>
const Layout& layout<bh_commands_destroy_result>() {
  static const Layout self =
      describe<bh_commands_destroy_result>({BULKHEAD_FIELD(bh_commands_destroy_result, gone)});
  return self;
}

template <>
const Layout& layout<bh_commands_list_params>() {
  static const Layout self =
      describe<bh_commands_list_params>({BULKHEAD_FIELD(bh_commands_list_params, tag)});
  return self;
}

template <>
const Layout& layout<bh_owned_command>() {
  static const Layout self = describe<bh_owned_command>(
      {BULKHEAD_FIELD(bh_owned_command, key), BULKHEAD_FIELD(bh_owned_command, name),
       BULKHEAD_FIELD(bh_owned_command, state), BULKHEAD_FIELD(bh_owned_command, reason),
       BULKHEAD_FIELD(bh_owned_command, exit_code)});
  return self;
}

template <>
const Layout& layout<bh_commands_list_result>() {
  static const Layout self = describe<bh_commands_list_result>(
      {BULKHEAD_LIST(bh_commands_list_result, commands, command_count)});
  return self;
}

namespace {

using namespace commands;
using Table = bh_commands_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::start, StartParams, common::Empty>("start", BH_COMMANDS_START),
    method<&Table::find, KeyParams, common::Empty>("find", BH_COMMANDS_FIND),
    method<&Table::status, KeyParams, StatusResults>("status", BH_COMMANDS_STATUS),
    method<&Table::logs, LogsParams, LogsResults>("logs", BH_COMMANDS_LOGS),
    method<&Table::stop, StopParams, common::Empty>("stop", BH_COMMANDS_STOP),
    method<&Table::destroy, KeyParams, DestroyResults>("destroy", BH_COMMANDS_DESTROY),
    method<&Table::list, ListParams, ListResults>("list", BH_COMMANDS_LIST),
};

}  // namespace

extern const ServiceBinding kCommandsService;

namespace {

constexpr Table kFunctions = {
    sizeof(Table),
    0,
    service_entry<kCommandsService, &Table::start, BH_COMMANDS_START>,
    service_entry<kCommandsService, &Table::find, BH_COMMANDS_FIND>,
    service_entry<kCommandsService, &Table::status, BH_COMMANDS_STATUS>,
    service_entry<kCommandsService, &Table::logs, BH_COMMANDS_LOGS>,
    service_entry<kCommandsService, &Table::stop, BH_COMMANDS_STOP>,
    service_entry<kCommandsService, &Table::destroy, BH_COMMANDS_DESTROY>,
    service_entry<kCommandsService, &Table::list, BH_COMMANDS_LIST>,
};

}  // namespace

constexpr ServiceBinding kCommandsService = {{BH_COMMANDS_1, 0, sizeof(Table), kMethods},
                                             give<Table, kFunctions>};

}  // namespace bulkhead::wire
