// One object with four interfaces. Each does what it is told: the text of a codec's call, the name
// of a command, the name of an event, the bytes of a state.
#include <bulkhead/sdk/codec.hpp>
#include <bulkhead/sdk/command.hpp>
#include <bulkhead/sdk/events.hpp>
#include <bulkhead/sdk/several.hpp>
#include <bulkhead/sdk/state.hpp>

#include <atomic>
#include <cstdlib>

namespace {

using namespace bulkhead;

class AllSides final : public Several<Codec, Command, Listener, Stateful> {
 public:
  Encoded encode(const Call& call, std::string_view text, const EncodeRequest&) const override {
    act(call, text);
    Encoded result;
    result.ids.push_back(++calls_);
    return result;
  }
  std::string decode(const Call& call, std::span<const std::uint32_t>) const override {
    act(call, "");
    return std::to_string(calls_);
  }
  CodecFacts info() const override { return {.name = "all_sides", .vocabulary = 1}; }

  std::vector<CommandFacts> list() const override {
    if (wrong_) return {{"Not A Name", "", ""}};
    return {{"echo", "Says what it was given", "echo ARGUMENTS"}, {"wait", "Waits", ""}};
  }
  CommandResult run(const Call& call, const CommandRequest& request) const override {
    act(call, request.name);
    if (request.name == "wrong") return {126, "", ""};
    if (request.name == "fail") return {3, "so far", "no further"};
    if (request.name != "echo") throw PluginError(BH_NOT_FOUND, "there is no such command");
    CommandResult result;
    for (const std::string_view argument : request.arguments)
      result.output += std::string(argument) + "\n";
    result.output += request.input;
    result.errors = request.terminal ? "a terminal" : "no terminal";
    ++calls_;
    return result;
  }

  std::vector<Subscription> subscriptions() const override {
    if (wrong_) return {{.event = "step", .priority = 1000}};
    return {{.event = "step.*", .priority = 7, .blocking = true}, {.event = "end"}};
  }
  Reaction handle(const Call& call, const Event& event) override {
    act(call, event.name);
    ++calls_;
    Reaction reaction{event.name == "veto", event.fields};
    reaction.changed["id"] = static_cast<std::int64_t>(event.id);
    reaction.changed["source"] = std::string(event.source);
    return reaction;
  }

  SavedState save(const Call& call) const override {
    act(call, saves_);
    return {4, std::to_string(calls_)};
  }
  void restore(const Call& call, std::uint32_t version, std::string_view bytes) override {
    if (version > 4) throw PluginError(BH_VERSION_MISMATCH, "the newest format here is 4");
    if (bytes.starts_with("save ")) {
      saves_ = bytes.substr(5);
      return;
    }
    act(call, bytes);
    char* end = nullptr;
    const std::string text(bytes);
    const unsigned long value = std::strtoul(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0') throw PluginError(BH_DATA_INVALID, "that is no number");
    calls_ = static_cast<std::uint32_t>(value);
  }

 private:
  void act(const Call& call, std::string_view what) const {
    call.progress(0, 1);
    if (what == "die") std::abort();
    if (what == "become wrong") wrong_ = true;
    while (what == "wait") call.check();
    call.progress(1, 1);
  }

  mutable std::atomic<std::uint32_t> calls_{0};
  mutable std::atomic<bool> wrong_{false};
  std::string saves_;  // what `save` is told
};

}  // namespace

BULKHEAD_PLUGIN(AllSides, FAULTY_ID, FAULTY_VERSION);
