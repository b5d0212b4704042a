// What a bulkhead::Host is.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/runtime/control_socket.hpp"
#include "host/runtime/dependencies.hpp"
#include "host/runtime/state.hpp"

namespace bulkhead {

class HostState {
 public:
  explicit HostState(HostOptions options);
  ~HostState();

  std::vector<PluginInfo> list() const;
  std::shared_ptr<PluginState> load(std::string_view id, const LoadOptions& options);
  std::string status_json() const;
  Level probe_level();
  void close();
  const std::shared_ptr<host::Core>& core() const { return core_; }
  const std::vector<std::string>& folders() const { return folders_; }

 private:
  // By the folder of the package: what one load() has loaded already.
  using Loaded = std::map<std::string, std::shared_ptr<PluginState>>;
  std::shared_ptr<PluginState> load(const host::DependencyGraph& graph,
                                    const host::Package& package, const LoadOptions& options,
                                    Loaded& loaded);
  policy::Decision decide(const manifest::Manifest& manifest, const LoadOptions& options) const;
  std::shared_ptr<PluginState> make(host::Package package, policy::Decision decision,
                                    PluginState::Dependencies dependencies) const;

  std::shared_ptr<host::Core> core_;
  std::vector<std::string> folders_;
  std::string name_, started_;
  std::mutex close_mutex_;
  bool closed_ = false;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<PluginState>> plugins_;
  std::unique_ptr<host::ControlSocket> control_;
};

}  // namespace bulkhead
