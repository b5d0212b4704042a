// The structs and methods of "bulkhead.state/1".
#include <bulkhead/abi/draft/state.h>

#include "sdk/schema/draft/common.capnp.h"
#include "sdk/schema/draft/state.capnp.h"
#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_state_result>() {
  static const Layout self = describe<bh_state_result>(
      {BULKHEAD_FIELD(bh_state_result, version), BULKHEAD_FIELD(bh_state_result, bytes)});
  return self;
}

template <>
const Layout& layout<bh_state_params>() {
  static const Layout self = describe<bh_state_params>(
      {BULKHEAD_FIELD(bh_state_params, version), BULKHEAD_FIELD(bh_state_params, bytes)});
  return self;
}

namespace {

using namespace state;
using Table = bh_state_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::save, common::Empty, SaveResults>("save", BH_STATE_SAVE),
    method<&Table::restore, RestoreParams, common::Empty>("restore", BH_STATE_RESTORE),
};

}  // namespace

constexpr InterfaceBinding kStateBinding = {BH_STATE_1, 7, sizeof(Table), kMethods};

namespace {

constexpr Table kTable = {
    sizeof(Table),
    0,
    entry<kStateBinding, &Table::save, BH_STATE_SAVE>,
    entry<kStateBinding, &Table::restore, BH_STATE_RESTORE>,
    entry_submit<kStateBinding>,
};

}  // namespace

InterfaceInfo state_interface() { return interface_info<kStateBinding>(&kTable); }

}  // namespace bulkhead::wire
