#include <bulkhead/state_client.hpp>

#include "host/runtime/client.hpp"

namespace bulkhead {

using host::sized;

StateClient::StateClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_state_v1>(instance_, BH_STATE_1, "plugin with a state")) {}

SavedState StateClient::save(const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  const auto params = sized<bh_empty>();
  auto result = sized<bh_state_result>();
  call.check(table_->save(&call, instance_.handle(), &params, &result));
  return {result.version, host::bytes_of(result.bytes)};
}

void StateClient::restore(const SavedState& state, const CallOptions& options) const {
  host::Call call(HostAccess::plugin(instance_), options);
  auto params = sized<bh_state_params>();
  params.version = state.version;
  params.bytes = {reinterpret_cast<const std::uint8_t*>(state.bytes.data()), state.bytes.size()};
  auto result = sized<bh_empty>();
  call.check(table_->restore(&call, instance_.handle(), &params, &result));
}

}  // namespace bulkhead
