// The structs and methods of "bulkhead.command/1".
#include <bulkhead/abi/draft/command.h>

#include "sdk/schema/draft/command.capnp.h"
#include "sdk/schema/draft/common.capnp.h"
#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_command>() {
  static const Layout self =
      describe<bh_command>({BULKHEAD_FIELD(bh_command, name), BULKHEAD_FIELD(bh_command, summary),
                            BULKHEAD_FIELD(bh_command, help)});
  return self;
}

template <>
const Layout& layout<bh_command_list_result>() {
  static const Layout self = describe<bh_command_list_result>(
      {BULKHEAD_LIST(bh_command_list_result, commands, command_count)});
  return self;
}

template <>
const Layout& layout<bh_command_run_params>() {
  static const Layout self = describe<bh_command_run_params>(
      {BULKHEAD_FIELD(bh_command_run_params, terminal), BULKHEAD_FIELD(bh_command_run_params, name),
       BULKHEAD_LIST(bh_command_run_params, arguments, argument_count),
       BULKHEAD_FIELD(bh_command_run_params, input)});
  return self;
}

template <>
const Layout& layout<bh_command_run_result>() {
  static const Layout self =
      describe<bh_command_run_result>({BULKHEAD_FIELD(bh_command_run_result, exit_code),
                                       BULKHEAD_FIELD(bh_command_run_result, output),
                                       BULKHEAD_FIELD(bh_command_run_result, errors)});
  return self;
}

namespace {

using namespace command;
using Table = bh_command_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::list, common::Empty, ListResults>("list", BH_COMMAND_LIST),
    method<&Table::run, RunParams, RunResults>("run", BH_COMMAND_RUN),
};

}  // namespace

constexpr InterfaceBinding kCommandBinding = {BH_COMMAND_1, 6, sizeof(Table), kMethods};

namespace {

constexpr Table kTable = {
    sizeof(Table),
    0,
    entry<kCommandBinding, &Table::list, BH_COMMAND_LIST>,
    entry<kCommandBinding, &Table::run, BH_COMMAND_RUN>,
    entry_submit<kCommandBinding>,
};

}  // namespace

InterfaceInfo command_interface() { return interface_info<kCommandBinding>(&kTable); }

}  // namespace bulkhead::wire
