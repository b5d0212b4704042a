// bulkhead/sdk/events.hpp: write a plugin that listens to events. What the functions mean stands in
// bulkhead/abi/draft/events.h.
//
//   class Watcher : public bulkhead::Listener {
//    public:
//     std::vector<Subscription> subscriptions() const override { return {{.event = "step.*"}}; }
//     Reaction handle(const Call& call, const Event& event) override { ... }
//   };
//   BULKHEAD_PLUGIN(Watcher);
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <bulkhead/abi/draft/events.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/config.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

struct Subscription {
  std::string event;             // "step.end"; a last "*" stands for any rest
  std::uint32_t priority = 500;  // 0 to 999, lower first
  bool blocking = false;         // the source waits, and the reaction may change fields
};

using FieldValue = std::variant<bool, std::int64_t, double, std::string>;
using Fields = std::map<std::string, FieldValue, std::less<>>;

struct Event {
  std::uint64_t id = 0;     // a repeated delivery has the same
  std::string_view name;    // "step.end"; valid during the call
  std::string_view source;  // who made it
  Fields fields;
};

struct Reaction {
  bool veto = false;  // the source should not go on
  Fields changed{};   // blocking subscriptions only
};

class EventsInstance;

// One event at a time. Constructors: as bulkhead::Codec.
class Listener {
 public:
  using Call = sdk::Call;
  using Event = sdk::Event;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;
  using Reaction = sdk::Reaction;
  using Subscription = sdk::Subscription;

  virtual ~Listener() = default;
  virtual std::vector<Subscription> subscriptions() const = 0;
  virtual Reaction handle(const Call& call, const Event& event) = 0;

  using Instance = EventsInstance;
  static constexpr const char* kInterfaces[] = {BH_EVENTS_1, nullptr};
};

// A Listener as the C table. For BULKHEAD_PLUGIN.
class EventsInstance final : public InstanceBase {
 public:
  explicit EventsInstance(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}

  const void* interface(std::string_view name) const noexcept override {
    static constexpr bh_events_v1 kTable = {sizeof(bh_events_v1), 0, subscriptions, handle,
                                            nullptr};
    return name == BH_EVENTS_1 ? &kTable : nullptr;
  }

 private:
  static Listener& of(bh_instance* instance) {
    return *static_cast<EventsInstance&>(InstanceBase::of(instance, BH_EVENTS_1)).listener_;
  }

  static FieldValue field_of(const bh_config_entry& entry) {
    return std::visit(
        [&](auto value) -> FieldValue {
          if constexpr (std::is_same_v<decltype(value), std::monostate>) {
            throw PluginError(BH_INVALID_ARGUMENT, "The field " + std::string(as_view(entry.key)) +
                                                       " has the unknown type " +
                                                       std::to_string(entry.type) + ".");
          } else {
            return value;
          }
        },
        value_of(entry));
  }
  static bh_config_entry entry_of(const Call& call, const std::string& key,
                                  const FieldValue& value) {
    bh_config_entry entry{};
    entry.key = as_text(call.copy(key));
    if (const auto* boolean = std::get_if<bool>(&value)) {
      entry.type = BH_VALUE_BOOLEAN;
      entry.integer = *boolean ? 1 : 0;
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      entry.type = BH_VALUE_INTEGER;
      entry.integer = *integer;
    } else if (const auto* number = std::get_if<double>(&value)) {
      entry.type = BH_VALUE_NUMBER;
      entry.number = *number;
    } else {
      entry.type = BH_VALUE_TEXT;
      entry.text = as_text(call.copy(std::get<std::string>(value)));
    }
    return entry;
  }

  static bh_status subscriptions(bh_call* raw, bh_instance* instance, const bh_empty* params,
                                 bh_events_list_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_empty");
      check_struct(result, "bh_events_list_result");
      const Call call(raw);
      const std::vector<Subscription> list = of(instance).subscriptions();
      auto* subscriptions = call.allocate_array<bh_subscription>(list.size());
      for (std::size_t i = 0; i < list.size(); ++i) {
        subscriptions[i] = {as_text(call.copy(list[i].event)), list[i].priority,
                            list[i].blocking ? 1u : 0u};
      }
      result->subscriptions = subscriptions;
      result->subscription_count = list.size();
    });
  }

  static bh_status handle(bh_call* raw, bh_instance* instance, const bh_event_params* params,
                          bh_event_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_event_params");
      check_struct(result, "bh_event_result");
      const Call call(raw);
      Event event{params->id, as_view(params->event), as_view(params->source), {}};
      for (std::size_t i = 0; i < params->field_count; ++i) {
        event.fields.emplace(as_view(params->fields[i].key), field_of(params->fields[i]));
      }
      const Reaction reaction = of(instance).handle(call, event);
      auto* changed = call.allocate_array<bh_config_entry>(reaction.changed.size());
      std::size_t count = 0;
      for (const auto& [key, value] : reaction.changed) {
        changed[count++] = entry_of(call, key, value);
      }
      result->veto = reaction.veto ? 1 : 0;
      result->changed = changed;
      result->changed_count = count;
    });
  }

  std::shared_ptr<Listener> listener_;
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Listener = sdk::Listener;
}
