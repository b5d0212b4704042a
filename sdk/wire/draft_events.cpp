// The structs and methods of "bulkhead.events/1".
#include <bulkhead/abi/draft/events.h>

#include "sdk/schema/draft/common.capnp.h"
#include "sdk/schema/draft/events.capnp.h"
#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_subscription>() {
  static const Layout self = describe<bh_subscription>({BULKHEAD_FIELD(bh_subscription, event),
                                                        BULKHEAD_FIELD(bh_subscription, priority),
                                                        BULKHEAD_FIELD(bh_subscription, blocking)});
  return self;
}

template <>
const Layout& layout<bh_events_list_result>() {
  static const Layout self = describe<bh_events_list_result>(
      {BULKHEAD_LIST(bh_events_list_result, subscriptions, subscription_count)});
  return self;
}

template <>
const Layout& layout<bh_event_params>() {
  static const Layout self = describe<bh_event_params>(
      {BULKHEAD_FIELD(bh_event_params, id), BULKHEAD_FIELD(bh_event_params, event),
       BULKHEAD_FIELD(bh_event_params, source),
       BULKHEAD_LIST(bh_event_params, fields, field_count)});
  return self;
}

template <>
const Layout& layout<bh_event_result>() {
  static const Layout self =
      describe<bh_event_result>({BULKHEAD_FIELD(bh_event_result, veto),
                                 BULKHEAD_LIST(bh_event_result, changed, changed_count)});
  return self;
}

namespace {

using namespace events;
using Table = bh_events_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::subscriptions, common::Empty, SubscriptionsResults>("subscriptions",
                                                                       BH_EVENTS_SUBSCRIPTIONS),
    method<&Table::handle, HandleParams, HandleResults>("handle", BH_EVENTS_HANDLE),
};

}  // namespace

constexpr InterfaceBinding kEventsBinding = {BH_EVENTS_1, 5, sizeof(Table), kMethods};

namespace {

constexpr Table kTable = {
    sizeof(Table),
    0,
    entry<kEventsBinding, &Table::subscriptions, BH_EVENTS_SUBSCRIPTIONS>,
    entry<kEventsBinding, &Table::handle, BH_EVENTS_HANDLE>,
    entry_submit<kEventsBinding>,
};

}  // namespace

InterfaceInfo events_interface() { return interface_info<kEventsBinding>(&kTable); }

}  // namespace bulkhead::wire
