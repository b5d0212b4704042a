// The interfaces that this build can carry over a channel.
#pragma once

#include <capnp/any.h>
#include <capnp/schema.h>
#include <bulkhead/abi/core.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sdk/wire/channel.hpp"

namespace bulkhead::wire {

struct MethodInfo {
  const char* name;  // as in the C table: "encode_batch"
  std::uint16_t number;
  capnp::StructSchema params, results;
  // The fields of the messages that are handles (channel.hpp); empty: none.
  std::string params_handle{}, results_handle{};
};

struct InterfaceInfo {
  const char* name;   // "bulkhead.codec/1"
  std::size_t index;  // in Endpoint::tables
  const void* table;  // to give out: its bh_instance* is an Endpoint
  // Runs one method of a plugin's own table: the far side of a channel. Results are written only
  // for BH_OK.
  bh_status (*dispatch)(const void* table, bh_instance* instance, CallContext& context,
                        std::uint16_t method, capnp::AnyPointer::Reader params,
                        capnp::AnyPointer::Builder results);
  // Holds results that came over a channel against the contract: BH_PROTOCOL_ERROR when they are no
  // answer to these params. For callers that read the messages themselves.
  bh_status (*check)(CallContext& context, std::uint16_t method, capnp::AnyPointer::Reader params,
                     capnp::AnyPointer::Reader results);
  // What is wrong with a table that a plugin returned, or nothing.
  std::string (*check_table)(const void* table);
  std::span<const MethodInfo> (*methods)();
};

std::span<const InterfaceInfo> interfaces();
const InterfaceInfo* find_interface(std::string_view name);

}  // namespace bulkhead::wire
