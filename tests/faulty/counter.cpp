// A state that moves: how often it was saved and restored.
#include <bulkhead/sdk/state.hpp>

#include <cstdlib>

namespace {

class Counter final : public bulkhead::Stateful {
 public:
  SavedState save(const Call&) const override { return {2, "n=" + std::to_string(count_)}; }
  void restore(const Call&, std::uint32_t version, std::string_view bytes) override {
    if (version > 2) {
      throw PluginError(BH_VERSION_MISMATCH, "This plugin reads states up to version 2, not " +
                                                 std::to_string(version) + ".");
    }
    if (bytes.substr(0, 2) != "n=") {
      throw PluginError(BH_DATA_INVALID, "The state does not begin with n=.");
    }
    count_ = std::atol(std::string(bytes.substr(2)).c_str()) + 1;
  }

 private:
  long count_ = 0;
};

}  // namespace

BULKHEAD_PLUGIN(Counter, FAULTY_ID, FAULTY_VERSION);
