// What a host, a plugin and an instance are behind their handles.
#pragma once

#include <bulkhead/host.hpp>

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/policy/policy.hpp"
#include "host/runtime/logger.hpp"
#include "host/runtime/loop.hpp"
#include "host/runtime/package.hpp"
#include "host/runtime/workers.hpp"
#include "host/services/granted_files.hpp"
#include "sandbox/launch/launcher.hpp"
#include "sdk/wire/channel.hpp"
#include "sdk/wire/interfaces.hpp"

namespace bulkhead::host {

// Refuses calls early: at most so many in flight.
class Admission {
 public:
  explicit Admission(std::uint32_t limit) : limit_(limit) {}
  bool enter() {
    if (count_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    leave();
    return false;
  }
  void leave() { count_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t count() const { return count_.load(std::memory_order_relaxed); }
  std::uint32_t limit() const { return limit_; }

 private:
  const std::uint32_t limit_;
  std::atomic<std::uint32_t> count_{0};
};

// What all plugins of one host share. It lives as long as any handle does.
class Core {
 public:
  Core(policy::Policy policy, policy::Environment environment,
       std::function<void(const LogRecord&)> log);
  // Waits for disk work that is under way for a cell: it needs the loop to its end.
  ~Core();
  Core(const Core&) = delete;

  const policy::Policy policy;
  const policy::Environment environment;
  const std::shared_ptr<Logger> logger;
  Loop loop;
  Admission in_flight;
  std::atomic<std::uint64_t> next_call{1};
  std::atomic<bool> closed{false};
  // What services do for cells: disk work.
  Workers service_workers{8};
  // The other services' calls, which may wait for long: for a network, for another plugin's call
  // (which may need one of these again, so that a queue could block itself).
  Workers service_callers{256, Workers::Full::refuse};

  // The launcher, started at the first need, and again should it have died. Throws Error.
  // `sanitizer`: another one, as Launcher::start has it.
  std::shared_ptr<sandbox::Launcher> launcher(const std::string& sanitizer = "");
  // Ends the launchers, once no connection needs them.
  void release_launcher();

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<sandbox::Launcher>> launchers_;  // by their sanitizer
};

PluginInfo plugin_info(const Package& package);

class PluginCalls;

// Where an instance runs. Destroying it closes the instance.
class InstanceBackend {
 public:
  virtual ~InstanceBackend() = default;
  // Sets the channel and, in process, the plugin's own instance and tables.
  virtual void connect(wire::Endpoint& endpoint) = 0;
};

using ConfigValues = std::map<std::string, manifest::Value>;

// Where a plugin runs.
class Backend {
 public:
  virtual ~Backend() = default;
  // Throws Error.
  virtual std::unique_ptr<InstanceBackend> open(const ConfigValues& config,
                                                std::shared_ptr<const FileGrants> grants) = 0;
  virtual Level level() = 0;
  virtual int process() = 0;
  virtual std::uint64_t restarts() = 0;
  virtual std::string state() = 0;  // "ready", "stopped", "quarantined"
  // Ends everything; what is in flight gets `unavailable`.
  virtual void close() = 0;
};

}  // namespace bulkhead::host

namespace bulkhead {

class InstanceState;

class PluginState {
 public:
  using Dependencies = std::map<std::string, std::shared_ptr<PluginState>, std::less<>>;
  PluginState(std::shared_ptr<host::Core> core, host::Package package, policy::Decision decision,
              Dependencies dependencies);
  ~PluginState();

  const std::shared_ptr<host::Core> core;
  const std::string folder;
  const manifest::Manifest manifest;
  const policy::Decision decision;
  const PluginInfo info;
  const std::string label;  // "en_gpt2 1.0.0"
  const std::shared_ptr<host::PluginLog> log;
  std::string hash;  // sha256, binary
  host::Admission in_flight;
  wire::CallCounters counters;
  std::unique_ptr<host::Backend> backend;
  // To the plugins that its manifest depends on, which are loaded before it.
  const std::shared_ptr<host::PluginCalls> calls;

  // Instances, so that closing the host closes them.
  void add(const std::shared_ptr<InstanceState>& instance);
  void close();

 private:
  std::mutex mutex_;
  std::list<std::weak_ptr<InstanceState>> instances_;
};

namespace host {
// The files that the policy grants to an instance, with advice for those that it does not.
std::shared_ptr<FileGrants> granted_by_policy(const PluginState& plugin);
}  // namespace host

class InstanceState {
 public:
  InstanceState(std::shared_ptr<PluginState> plugin, std::shared_ptr<host::FileGrants> grants,
                std::unique_ptr<host::InstanceBackend> backend);
  ~InstanceState();

  const std::shared_ptr<PluginState> plugin;
  const std::shared_ptr<host::FileGrants> grants;
  const std::unique_ptr<host::InstanceBackend> backend;

  wire::Endpoint endpoint;
};

namespace host {
// Checks the configuration and makes an instance. Throws Error.
std::shared_ptr<InstanceState> open_instance(const std::shared_ptr<PluginState>& plugin,
                                             const Config& config, const OpenOptions& options = {});
}  // namespace host

}  // namespace bulkhead
