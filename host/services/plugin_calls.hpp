// Calls of a plugin to those that it depends on: the host's side of "bulkhead.plugins/1".
#pragma once

#include <bulkhead/abi/draft/plugins.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "host/runtime/state.hpp"
#include "sdk/wire/service.hpp"

namespace bulkhead::host {

// Of one plugin: it owns this, and closes it before it goes. Who calls it from elsewhere has a weak
// pointer, so that nothing of a plugin ends on a thread that must not wait for it.
class PluginCalls {
 public:
  using Plugins = std::map<std::string, std::shared_ptr<PluginState>, std::less<>>;

  PluginCalls(std::string label, Plugins dependencies)
      : label_(std::move(label)), dependencies_(std::move(dependencies)) {}

  // For one instance of the plugin: its calls, and the instances that they need.
  static std::shared_ptr<wire::ServicePort> port(const std::shared_ptr<PluginCalls>& calls);
  // Stops the calls that are under way and waits for them, at most for their grace time.
  void close();

 private:
  class Port;
  class Running;
  // An instance of another plugin belongs to one instance here, and has one configuration.
  using Key = std::tuple<std::uint64_t, std::string, Config>;
  using Instances = std::map<Key, std::shared_ptr<InstanceState>>;

  bool enter();
  void leave();
  bh_status call(std::uint64_t owner, wire::CallContext& context,
                 const bh_plugins_call_params& params, bh_plugins_call_result& result);
  std::string ask(std::uint64_t owner, wire::CallContext& context,
                  const bh_plugins_call_params& params);
  std::shared_ptr<InstanceState> instance(std::uint64_t owner,
                                          const std::shared_ptr<PluginState>& plugin,
                                          const Config& config);
  // Its instances will be closed by the next call, or by close().
  void forget(std::uint64_t owner);

  const std::string label_;
  std::mutex mutex_;
  std::condition_variable idle_;
  Plugins dependencies_;
  bool closed_ = false;
  std::size_t count_ = 0;  // calls under way
  std::set<wire::CallContext*> running_;
  std::uint64_t next_owner_ = 1;
  Instances instances_;
  std::vector<std::shared_ptr<InstanceState>> forgotten_;
  std::mutex opening_;
};

}  // namespace bulkhead::host
