// Calls other plugins as its commands say: ask PLUGIN METHOD [PARAMS [INTERFACE [KEY=VALUE...]]].
#include <bulkhead/sdk/command.hpp>
#include <bulkhead/sdk/plugins.hpp>

namespace {

using bulkhead::sdk::PluginCall;

class Consults final : public bulkhead::Command {
 public:
  static constexpr const char* kServicesRequired[] = {BH_PLUGINS_1, nullptr};

  explicit Consults(const Open& open) : plugins_(open.services) {}

  std::vector<CommandFacts> list() const override { return {{"ask", "Calls a plugin", ""}}; }

  CommandResult run(const Call& call, const CommandRequest& request) const override {
    const auto& given = request.arguments;
    if (request.name != "ask" || given.size() < 2) throw PluginError(BH_NOT_FOUND, "what?");
    PluginCall wanted{.plugin = given[0], .method = given[1]};
    if (given.size() > 2) wanted.params = given[2];
    if (given.size() > 3) wanted.interface_name = given[3];
    for (std::size_t i = 4; i < given.size(); ++i) {
      const std::size_t equals = given[i].find('=');
      wanted.config.emplace_back(given[i].substr(0, equals), given[i].substr(equals + 1));
    }
    call.progress(0, 1);
    return {0, std::string(plugins_.call(call, wanted)), ""};
  }

 private:
  bulkhead::sdk::Plugins plugins_;
};

}  // namespace

BULKHEAD_PLUGIN(Consults, FAULTY_ID, FAULTY_VERSION);
