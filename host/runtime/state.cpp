#include "host/runtime/state.hpp"

#include "host/runtime/installation.hpp"
#include "host/services/plugin_calls.hpp"

namespace bulkhead {
namespace host {

Core::Core(policy::Policy chosen, policy::Environment variables,
           std::function<void(const LogRecord&)> log)
    : policy(std::move(chosen)),
      environment(std::move(variables)),
      logger(std::make_shared<Logger>(std::move(log))),
      in_flight(policy.limits.in_flight_total) {}

Core::~Core() {
  service_callers.stop(std::chrono::hours(1));
  service_workers.stop(std::chrono::hours(1));
}

std::shared_ptr<sandbox::Launcher> Core::launcher(const std::string& sanitizer) {
  const std::lock_guard lock(mutex_);
  if (closed.load()) throw Error(Status::unavailable, "the host is closed");
  std::shared_ptr<sandbox::Launcher>& launcher = launchers_[sanitizer];
  if (launcher != nullptr && launcher->alive()) return launcher;
  if (launcher != nullptr) {
    logger->write(BH_LOG_ERROR, "", 0,
                  "the launcher process ended, and its cells with it; a new "
                  "one is started");
  }
  launcher = nullptr;
  const std::string program = find_launcher(environment);
  try {
    launcher = sandbox::Launcher::start(program, sanitizer);
  } catch (const sandbox::LaunchError& error) {
    throw Error(Status::unavailable, error.what());
  }
  return launcher;
}

void Core::release_launcher() {
  const std::lock_guard lock(mutex_);
  launchers_.clear();
}

PluginInfo plugin_info(const Package& package) {
  PluginInfo info;
  info.folder = package.folder;
  info.error = package.error;
  if (!package.manifest) return info;
  const manifest::Manifest& manifest = *package.manifest;
  info.id = manifest.id;
  info.version = manifest.version.text();
  info.kind = manifest.kind;
  info.description = manifest.description;
  info.license = manifest.license;
  info.authors = manifest.authors;
  info.interfaces = manifest.interfaces;
  return info;
}

}  // namespace host

PluginState::PluginState(std::shared_ptr<host::Core> shared, host::Package package,
                         policy::Decision decided, Dependencies dependencies)
    : core(std::move(shared)),
      folder(package.folder),
      manifest(*package.manifest),
      decision(std::move(decided)),
      info(host::plugin_info(package)),
      label(manifest.id + " " + manifest.version.text()),
      log(std::make_shared<host::PluginLog>(core->logger, label)),
      in_flight(decision.limits.in_flight),
      calls(std::make_shared<host::PluginCalls>(label, std::move(dependencies))) {}

std::shared_ptr<host::FileGrants> host::granted_by_policy(const PluginState& plugin) {
  // The advice outlives the plugin in a lost call, so it has its own copies.
  auto grants =
      std::make_shared<FileGrants>([manifest = plugin.manifest, file = plugin.core->policy.file](
                                       std::string_view name, FileAccess access) {
        return policy::file_advice(
            manifest, file, name,
            access == FileAccess::read ? manifest::Access::read : manifest::Access::write);
      });
  for (const policy::FileGrant& file : plugin.decision.grants.files) {
    grants->add(file.name, file.path,
                file.access == manifest::Access::read ? FileAccess::read : FileAccess::write);
  }
  return grants;
}

PluginState::~PluginState() {
  if (backend != nullptr) backend->close();
  calls->close();
}

void PluginState::add(const std::shared_ptr<InstanceState>& instance) {
  const std::lock_guard lock(mutex_);
  instances_.remove_if([](const auto& other) { return other.expired(); });
  instances_.push_back(instance);
}

void PluginState::close() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : instances_) {
      if (const auto instance = weak.lock()) instance->endpoint.closed = true;
    }
  }
  if (backend != nullptr) backend->close();
}

InstanceState::InstanceState(std::shared_ptr<PluginState> of,
                             std::shared_ptr<host::FileGrants> files,
                             std::unique_ptr<host::InstanceBackend> runs)
    : plugin(std::move(of)), grants(std::move(files)), backend(std::move(runs)) {
  endpoint.counters = &plugin->counters;
  endpoint.label = plugin->label.c_str();
  endpoint.default_timeout = plugin->decision.limits.call_timeout;
  endpoint.closed = plugin->core->closed.load();
  backend->connect(endpoint);
}

InstanceState::~InstanceState() = default;

std::shared_ptr<InstanceState> host::open_instance(const std::shared_ptr<PluginState>& plugin,
                                                   const Config& config,
                                                   const OpenOptions& options) {
  if (plugin->core->closed.load()) throw Error(Status::unavailable, "the host is closed");
  ConfigValues values;
  try {
    values = manifest::check_config(plugin->manifest, config);
  } catch (const std::invalid_argument& error) {
    throw Error(Status::invalid_argument, error.what());  // it names the plugin
  }
  const auto grants = granted_by_policy(*plugin);
  for (const auto& [name, file] : options.files) grants->add(name, file.path, file.access);
  auto instance =
      std::make_shared<InstanceState>(plugin, grants, plugin->backend->open(values, grants));
  plugin->add(instance);
  return instance;
}

}  // namespace bulkhead
