// bulkhead/sdk/state.hpp: write a plugin whose state can move to another instance, of a later
// version for example. What the functions mean stands in bulkhead/abi/draft/state.h.
//
//   class Counter : public bulkhead::Stateful {
//    public:
//     SavedState save(const Call&) const override { return {1, std::to_string(count_)}; }
//     void restore(const Call&, std::uint32_t version, std::string_view bytes) override { ... }
//   };
//   BULKHEAD_PLUGIN(Counter);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi/draft/state.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

struct SavedState {
  std::uint32_t version = 1;  // of the format, the plugin's own
  std::string bytes;
};

class StateInstance;

// One call at a time. Constructors: as bulkhead::Codec.
class Stateful {
 public:
  using Call = sdk::Call;
  using Open = sdk::Open;
  using PluginError = sdk::PluginError;
  using SavedState = sdk::SavedState;

  virtual ~Stateful() = default;
  virtual SavedState save(const Call& call) const = 0;
  // A state that can't be taken over is a PluginError, and the instance stays as it was:
  // BH_VERSION_MISMATCH for a format of the future, BH_DATA_INVALID for a broken one.
  virtual void restore(const Call& call, std::uint32_t version, std::string_view bytes) = 0;

  using Instance = StateInstance;
  static constexpr const char* kInterfaces[] = {BH_STATE_1, nullptr};
};

// A Stateful as the C table. For BULKHEAD_PLUGIN.
class StateInstance final : public InstanceBase {
 public:
  explicit StateInstance(std::shared_ptr<Stateful> plugin) : plugin_(std::move(plugin)) {}

  const void* interface(std::string_view name) const noexcept override {
    static constexpr bh_state_v1 kTable = {sizeof(bh_state_v1), 0, save, restore, nullptr};
    return name == BH_STATE_1 ? &kTable : nullptr;
  }

 private:
  static Stateful& of(bh_instance* instance) {
    return *static_cast<StateInstance&>(InstanceBase::of(instance, BH_STATE_1)).plugin_;
  }
  static bh_status save(bh_call* raw, bh_instance* instance, const bh_empty* params,
                        bh_state_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_empty");
      check_struct(result, "bh_state_result");
      const Call call(raw);
      const SavedState state = of(instance).save(call);
      const std::string_view bytes = call.copy(state.bytes);
      result->version = state.version;
      result->bytes = {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
    });
  }
  static bh_status restore(bh_call* raw, bh_instance* instance, const bh_state_params* params,
                           bh_empty* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_state_params");
      check_struct(result, "bh_empty");
      of(instance).restore(Call(raw), params->version, as_view(params->bytes));
    });
  }

  std::shared_ptr<Stateful> plugin_;
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Stateful = sdk::Stateful;
}
