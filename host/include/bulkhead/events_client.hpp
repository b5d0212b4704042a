// bulkhead/events_client.hpp: a plugin that listens to events, as the source of the events calls
// it.
//
//   bulkhead::EventsClient watcher(host.load("my_watcher").open());
//   auto reaction = watcher.handle({.event = "step.end", .fields = {{"loss", 0.5}}});
//
// What the methods mean stands in bulkhead/abi/draft/events.h, which is a draft: so is this.
#pragma once

#include <bulkhead/host.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include <bulkhead/abi/draft/events.h>

namespace bulkhead {

struct EventSubscription {
  std::string event;           // "step.end"; a last "*" stands for any rest: "step.*"
  std::uint32_t priority = 0;  // 0 to 999, lower first
  bool blocking = false;       // the source waits, and the handler may change declared fields
  bool operator==(const EventSubscription&) const = default;

  BULKHEAD_API bool matches(std::string_view name) const;
};

struct Event {
  std::uint64_t id = 0;  // unique within the host; a repeated delivery has the same
  std::string event;
  std::string source{};  // who made it
  Config fields{};
};

struct EventReaction {
  bool veto = false;  // the source should not go on
  Config changed{};   // fields with new values
  bool operator==(const EventReaction&) const = default;
};

// Errors: besides those of the method, Status::protocol_error where the plugin answers what the
// interface does not allow.
class BULKHEAD_API EventsClient {
 public:
  // Throws Status::unsupported when the instance listens to nothing.
  explicit EventsClient(Instance instance);

  std::vector<EventSubscription> subscriptions(const CallOptions& call = {}) const;
  // One at a time.
  EventReaction handle(const Event& event, const CallOptions& call = {}) const;

  const Instance& instance() const { return instance_; }

 private:
  Instance instance_;
  const bh_events_v1* table_;
};

}  // namespace bulkhead
