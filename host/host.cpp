// What host.hpp promises, on top of the runtime.
#include <bulkhead/host.h>
#include <bulkhead/host.hpp>

#include "host/runtime/call.hpp"
#include "host/runtime/host_state.hpp"
#include "host/runtime/json_call.hpp"
#include "sdk/wire/version.hpp"

namespace bulkhead {

const char* host_version() { return wire::kBuildVersion; }

std::string status_name(Status status) {
  const std::string name = bh_status_name(static_cast<bh_status>(status));
  return name != "unknown" ? name : "status_" + std::to_string(static_cast<std::int32_t>(status));
}

Error::Error(Status status, const std::string& message)
    : std::runtime_error(message), status_(status) {}
Error::~Error() = default;

const char* isolation_name(Isolation isolation) {
  return isolation == Isolation::cell ? "cell" : "in-process";
}

Host::Host(HostOptions options) : state_(std::make_shared<HostState>(std::move(options))) {}
Host::~Host() {
  if (state_ != nullptr) state_->close();
}
Host::Host(Host&&) noexcept = default;
Host& Host::operator=(Host&& other) noexcept {
  if (this == &other) return *this;
  if (state_ != nullptr) state_->close();
  state_ = std::move(other.state_);
  return *this;
}
std::vector<PluginInfo> Host::list() const { return state_->list(); }
Plugin Host::load(std::string_view id, const LoadOptions& options) {
  return Plugin(state_->load(id, options));
}
std::string Host::status_json() const { return state_->status_json(); }
Level Host::probe_level() const { return state_->probe_level(); }
std::vector<std::string> Host::plugin_folders() const { return state_->folders(); }
std::string Host::policy_file() const { return state_->core()->policy.file; }
void Host::close() { state_->close(); }

Plugin::Plugin(std::shared_ptr<PluginState> state) : state_(std::move(state)) {}
const PluginInfo& Plugin::info() const { return state_->info; }
Isolation Plugin::isolation() const {
  return state_->decision.mode == policy::Mode::cell ? Isolation::cell : Isolation::in_process;
}
Level Plugin::level() const { return state_->backend->level(); }
int Plugin::process() const { return state_->backend->process(); }
std::string Plugin::package_hash() const { return host::hexadecimal(state_->hash); }

Instance Plugin::open(const Config& config, const OpenOptions& options) {
  if (state_->core->closed.load()) throw Error(Status::unavailable, "the host is closed");
  host::ConfigValues values;
  try {
    values = manifest::check_config(state_->manifest, config);
  } catch (const std::invalid_argument& error) {
    throw Error(Status::invalid_argument, error.what());  // it names the plugin
  }
  const auto grants = host::granted_by_policy(*state_);
  for (const auto& [name, file] : options.files) grants->add(name, file.path, file.access);
  auto instance =
      std::make_shared<InstanceState>(state_, grants, state_->backend->open(values, grants));
  state_->add(instance);
  return Instance(std::move(instance));
}

CodecClient Plugin::codec(const Config& config, const OpenOptions& options) {
  return CodecClient(open(config, options));
}

Instance::Instance(std::shared_ptr<InstanceState> state) : state_(std::move(state)) {}

const void* Instance::interface(const char* name) const {
  const wire::InterfaceInfo* known = wire::find_interface(name);
  if (known == nullptr) return nullptr;
  for (const std::string& offered : state_->plugin->info.interfaces) {
    if (offered == name) return known->table;
  }
  return nullptr;
}

bh_instance* Instance::handle() const { return state_->endpoint.handle(); }

void Instance::grant_file(std::string name, std::string path, FileAccess access) {
  state_->grants->add(std::move(name), std::move(path), access);
}

void Instance::revoke_file(std::string_view name) { state_->grants->remove(name); }

std::string Instance::call_json(std::string_view interface, std::string_view method,
                                std::string_view params, const CallOptions& options) {
  host::Call call(*state_->plugin, options);
  return host::call_json(*state_, call, interface, method, params);
}

}  // namespace bulkhead
