// bulkhead/state_client.hpp: moves the state of an instance to another one.
//
//   bulkhead::SavedState state = bulkhead::StateClient(old_version).save();
//   bulkhead::StateClient(new_version).restore(state);
//
// What the methods mean stands in bulkhead/abi/draft/state.h, which is a draft: so is this.
#pragma once

#include <bulkhead/host.hpp>

#include <cstdint>
#include <string>

#include <bulkhead/abi/draft/state.h>

namespace bulkhead {

struct SavedState {
  std::uint32_t version = 0;  // of the format, the plugin's own
  std::string bytes;
  bool operator==(const SavedState&) const = default;
};

// One call at a time, and no other call of the instance meanwhile.
class BULKHEAD_API StateClient {
 public:
  // Throws Status::unsupported when the instance has no state to move.
  explicit StateClient(Instance instance);

  SavedState save(const CallOptions& call = {}) const;
  // On an error the instance stays as it was. Throws Status::version_mismatch for the format of a
  // newer plugin, Status::data_invalid for a broken state.
  void restore(const SavedState& state, const CallOptions& call = {}) const;

  const Instance& instance() const { return instance_; }

 private:
  Instance instance_;
  const bh_state_v1* table_;
};

}  // namespace bulkhead
