// Reacts to events: doubles numbers, vetoes what it is told to veto.
#include <bulkhead/sdk/events.hpp>

namespace {

class Watcher final : public bulkhead::Listener {
 public:
  std::vector<Subscription> subscriptions() const override {
    return {{.event = "step.*", .priority = 10, .blocking = true}, {.event = "failure"}};
  }
  Reaction handle(const Call& call, const Event& event) override {
    call.check();
    if (event.name == "failure") throw PluginError(BH_INTERNAL, "no nerves for failures");
    Reaction reaction;
    for (const auto& [key, value] : event.fields) {
      if (const auto* number = std::get_if<double>(&value)) reaction.changed[key] = 2 * *number;
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        reaction.changed[key] = 2 * *number;
      }
      if (const auto* text = std::get_if<std::string>(&value)) {
        reaction.changed[key] = *text + " of " + std::string(event.source);
      }
      if (const auto* flag = std::get_if<bool>(&value)) reaction.veto = reaction.veto || *flag;
    }
    return reaction;
  }
};

}  // namespace

BULKHEAD_PLUGIN(Watcher, FAULTY_ID, FAULTY_VERSION);
