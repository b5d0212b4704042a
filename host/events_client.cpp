#include <bulkhead/events_client.hpp>

#include "host/runtime/client.hpp"
#include "host/runtime/config_entry.hpp"

namespace bulkhead {
namespace {

using host::sized;
using host::text_of;

constexpr std::uint32_t kMostPriority = 999;

}  // namespace

bool EventSubscription::matches(std::string_view name) const {
  if (!event.ends_with('*')) return name == event;
  return name.starts_with(std::string_view(event).substr(0, event.size() - 1));
}

EventsClient::EventsClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_events_v1>(instance_, BH_EVENTS_1, "listener to events")) {}

std::vector<EventSubscription> EventsClient::subscriptions(const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  const auto params = sized<bh_empty>();
  auto result = sized<bh_events_list_result>();
  call.check(table_->subscriptions(&call, instance_.handle(), &params, &result));
  std::vector<EventSubscription> subscriptions;
  for (std::size_t i = 0; i < result.subscription_count; ++i) {
    const bh_subscription& item = result.subscriptions[i];
    subscriptions.push_back({text_of(item.event), item.priority, item.blocking != 0});
    if (subscriptions.back().event.empty() || item.priority > kMostPriority) {
      throw host::broken_answer(
          instance_, "subscriptions",
          "subscription " + std::to_string(i) + " names no event, or has a priority above 999");
    }
  }
  return subscriptions;
}

EventReaction EventsClient::handle(const Event& event, const CallOptions& options) const {
  std::vector<bh_config_entry> fields;
  for (const auto& [key, value] : event.fields) fields.push_back(host::config_entry(key, value));
  host::Call call(HostAccess::plugin(instance_), options);
  auto params = sized<bh_event_params>();
  params.id = event.id;
  params.event = {event.event.data(), event.event.size()};
  params.source = {event.source.data(), event.source.size()};
  params.fields = fields.data();
  params.field_count = fields.size();
  auto result = sized<bh_event_result>();
  call.check(table_->handle(&call, instance_.handle(), &params, &result));
  EventReaction reaction;
  reaction.veto = result.veto != 0;
  for (std::size_t i = 0; i < result.changed_count; ++i) {
    const auto value = host::config_value(result.changed[i]);
    if (!value) {
      throw host::broken_answer(instance_, "handle",
                                "field " + std::to_string(i) + " has the unknown type " +
                                    std::to_string(result.changed[i].type));
    }
    reaction.changed.insert_or_assign(text_of(result.changed[i].key), *value);
  }
  return reaction;
}

}  // namespace bulkhead
