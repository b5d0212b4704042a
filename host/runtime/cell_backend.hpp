// A plugin in a cell: starts the cell, starts it anew after a crash, and carries calls to it.
#pragma once

#include <deque>

#include "host/runtime/connection.hpp"
#include "host/runtime/state.hpp"
#include "sdk/wire/descriptor.hpp"

namespace bulkhead::host {

class CellBackend final : public Backend {
 public:
  // Starts the first cell. Throws Error. The plugin outlives the backend.
  explicit CellBackend(PluginState& plugin);
  ~CellBackend() override;

  std::unique_ptr<InstanceBackend> open(const ConfigValues& config,
                                        std::shared_ptr<const FileGrants> grants) override;
  Level level() override;
  int process() override;
  std::uint64_t restarts() override;
  std::string state() override;
  void close() override;

  // The living connection; a dead one is replaced, within the crash budget. Null and the words in
  // the context where that fails. A context with a time of its own gives a start no longer one.
  std::shared_ptr<Connection> connection(wire::CallContext& context, bh_status& status);
  PluginState& plugin() { return plugin_; }

 private:
  std::shared_ptr<Connection> start(std::int64_t timeout);
  // Why no new cell may be started now, or nothing.
  std::string budget_spent(std::int64_t now);

  PluginState& plugin_;
  std::mutex mutex_;
  std::shared_ptr<Connection> connection_;
  std::deque<std::int64_t> crashes_;  // times within the window
  std::string last_crash_;
  std::uint64_t restarts_ = 0;
  bool closed_ = false;
};

}  // namespace bulkhead::host
