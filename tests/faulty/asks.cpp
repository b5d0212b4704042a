// Asks for permissions, and reads a file while it opens: what `run` answers.
#include <bulkhead/sdk/command.hpp>
#include <bulkhead/sdk/files.hpp>

namespace {

class Asks final : public bulkhead::Command {
 public:
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, nullptr};

  explicit Asks(const Open& open)
      : model_(
            bulkhead::sdk::Files(open.services).open(open.call, "model").read_all(open.call, 99)) {}
  std::vector<CommandFacts> list() const override { return {{"model", "Says it", "model"}}; }
  CommandResult run(const Call&, const CommandRequest&) const override {
    CommandResult result;
    result.output = model_;
    return result;
  }

 private:
  std::string model_;
};

}  // namespace

BULKHEAD_PLUGIN(Asks, FAULTY_ID, FAULTY_VERSION);
