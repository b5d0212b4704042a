// @NAME@: a plugin that adds commands. Replace count-lines by your own.
#include <bulkhead/sdk/command.hpp>

#include <algorithm>

class @CLASS@ : public bulkhead::Command {
 public:
  std::vector<CommandFacts> list() const override {
    return {{.name = "count-lines", .summary = "Counts lines", .help = "count-lines < FILE"}};
  }

  CommandResult run(const Call&, const CommandRequest& request) const override {
    if (request.name != "count-lines") {
      throw PluginError(BH_NOT_FOUND, "there is no command " + std::string(request.name));
    }
    const auto lines = std::count(request.input.begin(), request.input.end(), '\n');
    return {.exit_code = 0, .output = std::to_string(lines) + "\n", .errors = {}};
  }
};

BULKHEAD_PLUGIN(@CLASS@);
