#include "host/runtime/host_state.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/runtime/cell_backend.hpp"
#include "host/runtime/installation.hpp"
#include "host/runtime/library_backend.hpp"
#include "host/runtime/status.hpp"
#include "registry/manifest/words.hpp"

namespace bulkhead {
namespace {

const char* no_variable(const char*) { return nullptr; }

policy::Policy read_policy(const HostOptions& options, const policy::Environment& environment) {
  try {
    return policy::Policy::load(options.policy_file, environment);
  } catch (const manifest::FileError& error) {
    throw Error(Status::data_invalid, error.what());
  }
}

std::string program_name() {
  std::ifstream comm("/proc/self/comm");
  std::string name;
  std::getline(comm, name);
  return name;
}

// A cell is started with absolute paths, and the program may change its folder.
std::string absolute(const std::string& folder) {
  std::error_code error;
  const auto path = std::filesystem::absolute(folder, error);
  if (error) {
    throw Error(Status::invalid_argument, "the plugin folder " + manifest::quoted(folder) +
                                              " can't be made absolute: " + error.message());
  }
  return path.lexically_normal().string();
}

// A person at a debugger takes their time.
constexpr std::int64_t kAtDebugger = std::int64_t{720} * 3600 * 1'000'000'000;

void choose_development(const std::string& label, const LoadOptions& options,
                        policy::Decision& decision) {
  if (options.development || options.wait_for_debugger) {
    if (options.isolation == Isolation::in_process) {
      throw Error(Status::invalid_argument,
                  label +
                      ": the development profile is one of cells, and this plugin is to run in "
                      "process: leave one of the two out, or debug the program itself");
    }
    decision.mode = policy::Mode::cell;
    decision.development = true;
    decision.development_reason = "the application";
  }
  decision.development = decision.development && decision.mode == policy::Mode::cell;
  if (!decision.development) return;
  if (decision.minimum_level > 0) {
    throw Error(Status::permission_denied,
                label + ": a development cell (asked for by " + decision.development_reason +
                    ") has level 0, but " + decision.level_reason + " demands at least level " +
                    std::to_string(decision.minimum_level) +
                    ". Lower the minimum level for this plugin, or do without development");
  }
  if (!options.wait_for_debugger) return;
  decision.wait_for_debugger = true;
  decision.limits.start_timeout = decision.limits.call_timeout = kAtDebugger;
}

}  // namespace

HostState::HostState(HostOptions options) {
  policy::Environment environment = no_variable;
  if (options.read_environment) environment = [](const char* name) { return std::getenv(name); };
  core_ = std::make_shared<host::Core>(read_policy(options, environment), environment,
                                       std::move(options.log));
  for (const std::string& folder : options.plugin_folders) folders_.push_back(absolute(folder));
  const policy::Policy& policy = core_->policy;
  folders_.insert(folders_.end(), policy.plugin_folders.begin(), policy.plugin_folders.end());
  const auto own = host::own_plugin_folders();
  folders_.insert(folders_.end(), own.begin(), own.end());
  name_ = options.name.empty() ? program_name() : options.name;
  started_ = host::utc_now();
  std::vector<std::string> ids;
  if (!policy.rules.empty()) {
    for (const PluginInfo& plugin : list()) ids.push_back(plugin.id);
    for (const std::string& warning : policy.unknown_plugins(ids)) {
      core_->logger->write(BH_LOG_WARN, "", 0, warning);
    }
  }
  if (!options.control_socket) return;
  try {
    control_ = std::make_unique<host::ControlSocket>(policy::runtime_folder(environment),
                                                     core_->loop, [this] { return status_json(); });
  } catch (const std::exception& error) {
    core_->logger->write(BH_LOG_WARN, "", 0, error.what());
  }
}

HostState::~HostState() { close(); }

std::vector<PluginInfo> HostState::list() const {
  std::vector<PluginInfo> infos;
  for (const host::Package& package : host::find_packages(folders_)) {
    infos.push_back(host::plugin_info(package));
  }
  return infos;
}

std::shared_ptr<PluginState> HostState::load(std::string_view id, const LoadOptions& options) {
  if (core_->closed.load()) throw Error(Status::unavailable, "the host is closed");
  const auto range = manifest::Range::parse(options.version);
  if (!range) {
    throw Error(Status::invalid_argument, "'" + options.version +
                                              "' is no SemVer range; write for example \"^1.2\", "
                                              "\">=1.0 <2.0\" or \"*\"");
  }
  const host::DependencyGraph graph(host::find_packages(folders_), folders_);
  const host::Package& package = graph.choose(id, *range, options.version);
  graph.check(package);
  Loaded loaded;
  return load(graph, package, options, loaded);
}

std::shared_ptr<PluginState> HostState::load(const host::DependencyGraph& graph,
                                             const host::Package& package,
                                             const LoadOptions& options, Loaded& loaded) {
  if (const auto known = loaded.find(package.folder); known != loaded.end()) return known->second;
  const manifest::Manifest& manifest = *package.manifest;
  LoadOptions below;  // how a dependency runs is the policy's choice
  below.start_timeout = options.start_timeout;
  PluginState::Dependencies dependencies;
  for (const manifest::Dependency& dependency : manifest.dependencies) {
    dependencies[dependency.id] = load(graph, graph.choose(package, dependency), below, loaded);
  }
  std::shared_ptr<PluginState> plugin =
      make(package, decide(manifest, options), std::move(dependencies));
  loaded[package.folder] = plugin;
  const std::lock_guard lock(mutex_);
  std::erase_if(plugins_, [](const auto& other) { return other.expired(); });
  plugins_.push_back(plugin);
  if (core_->closed.load()) plugin->close();
  return plugin;
}

policy::Decision HostState::decide(const manifest::Manifest& manifest,
                                   const LoadOptions& options) const {
  policy::Decision decision = core_->policy.decide(manifest.id);
  if (options.isolation) {
    decision.mode =
        *options.isolation == Isolation::cell ? policy::Mode::cell : policy::Mode::in_process;
    decision.reason = "the application";
  }
  if (manifest.runtime == "exec") {
    if (options.isolation && decision.mode == policy::Mode::in_process) {
      throw Error(Status::unsupported,
                  manifest.id + " " + manifest.version.text() +
                      ": it is a program of its own (runtime.type is 'exec'), which can't run in "
                      "process. Run it in a cell");
    }
    decision.mode = policy::Mode::cell;
  }
  if (options.minimum_level && *options.minimum_level > decision.minimum_level) {
    decision.minimum_level = *options.minimum_level;
    decision.level_reason = "the application";
  }
  choose_development(manifest.id + " " + manifest.version.text(), options, decision);
  if (options.start_timeout.count() > 0) {
    decision.limits.start_timeout =
        std::min<std::int64_t>(decision.limits.start_timeout, options.start_timeout.count());
  }
  return decision;
}

std::shared_ptr<PluginState> HostState::make(host::Package package, policy::Decision decision,
                                             PluginState::Dependencies dependencies) const {
  for (const std::string& warning : policy::settle_grants(*package.manifest, decision.grants)) {
    core_->logger->write(BH_LOG_WARN, "", 0, warning);
  }
  auto plugin = std::make_shared<PluginState>(core_, std::move(package), std::move(decision),
                                              std::move(dependencies));
  if (const auto why = policy::check_permissions(plugin->manifest, plugin->decision)) {
    throw Error(Status::permission_denied, *why);  // it names the plugin
  }
  plugin->hash = host::hash_package(plugin->folder);
  if (plugin->decision.mode == policy::Mode::cell) {
    plugin->backend = std::make_unique<host::CellBackend>(*plugin);
  } else {
    plugin->backend = std::make_unique<host::LibraryBackend>(*plugin);
  }
  return plugin;
}

std::string HostState::status_json() const {
  std::vector<std::shared_ptr<PluginState>> plugins;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : plugins_) {
      if (auto plugin = weak.lock()) plugins.push_back(std::move(plugin));
    }
  }
  return host::status_json(name_, started_, plugins);
}

Level HostState::probe_level() {
  try {
    const sandbox::Level level = core_->launcher()->probe_level();
    return {level.number, level.enforced, level.missing};
  } catch (const sandbox::LaunchError& error) {
    throw Error(Status::unavailable, error.what());
  }
}

void HostState::close() {
  const std::lock_guard closing(close_mutex_);  // who comes second waits until it is done
  if (closed_) return;
  closed_ = true;
  std::vector<std::shared_ptr<PluginState>> plugins;
  {
    const std::lock_guard lock(mutex_);
    core_->closed = true;
    for (const auto& weak : plugins_) {
      if (auto plugin = weak.lock()) plugins.push_back(std::move(plugin));
    }
    plugins_.clear();
  }
  control_.reset();
  for (const auto& plugin : plugins) plugin->close();
  plugins.clear();
  core_->loop.stop();
  core_->release_launcher();
}

}  // namespace bulkhead
