#include "host/services/plugin_calls.hpp"

#include <algorithm>
#include <cstring>

#include "host/runtime/call.hpp"
#include "host/runtime/config_entry.hpp"
#include "host/runtime/json_call.hpp"
#include "registry/manifest/words.hpp"

namespace bulkhead::host {
namespace {

std::string text_of(const bh_text& text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

// What another plugin's crash is to the one that called it: that one did not crash.
bh_status as_seen_by_caller(Status status) {
  switch (status) {
    case Status::plugin_crashed:
    case Status::unresponsive:
    case Status::protocol_error:
      return BH_UNAVAILABLE;
    default:
      return static_cast<bh_status>(status);
  }
}

Config config_of(const bh_plugins_call_params& params) {
  Config config;
  for (std::size_t i = 0; i < params.config_count; ++i) {
    const std::string key = text_of(params.config[i].key);
    const auto value = config_value(params.config[i]);
    if (!value) {
      throw Error(Status::invalid_argument, "the configuration's " + manifest::quoted(key) +
                                                " has the unknown type " +
                                                std::to_string(params.config[i].type));
    }
    config.insert_or_assign(key, *value);
  }
  return config;
}

std::string interface_of(const PluginState& plugin, const bh_plugins_call_params& params) {
  if (params.interface_name.size != 0) return text_of(params.interface_name);
  if (plugin.info.interfaces.size() == 1) return plugin.info.interfaces.front();
  throw Error(Status::invalid_argument, plugin.label +
                                            ": the call must say which interface it means: " +
                                            manifest::listed(plugin.info.interfaces));
}

// When the outer call is stopped, the inner one is, too.
class Follow final : wire::CallContext::Waker {
 public:
  Follow(wire::CallContext& outer, wire::CallContext& inner) : outer_(outer), inner_(inner) {
    outer_.set_waker(this);
    if (outer_.stopped() != wire::Stop::none) inner_.note_stop(outer_.stopped());
  }
  ~Follow() { outer_.set_waker(nullptr); }
  Follow(const Follow&) = delete;
  Follow& operator=(const Follow&) = delete;

 private:
  void wake() override { inner_.stop(outer_.stopped()); }

  wire::CallContext& outer_;
  wire::CallContext& inner_;
};

}  // namespace

// What an instance's service stands on.
class PluginCalls::Port final : public wire::ServicePort {
 public:
  Port(std::weak_ptr<PluginCalls> calls, std::uint64_t owner)
      : calls_(std::move(calls)), owner_(owner) {}
  ~Port() override {
    if (const auto calls = calls_.lock()) calls->forget(owner_);
  }

  bh_status call(wire::CallContext& context, const wire::MethodBinding&, const void* params,
                 void* result) override {
    PluginCalls* calls = nullptr;
    if (const auto alive = calls_.lock(); alive != nullptr && alive->enter()) calls = alive.get();
    if (calls == nullptr) {
      context.fail("the plugin is being closed");
      return BH_UNAVAILABLE;
    }
    // From here on its owner waits for us.
    const bh_status status =
        calls->call(owner_, context, *static_cast<const bh_plugins_call_params*>(params),
                    *static_cast<bh_plugins_call_result*>(result));
    calls->leave();
    return status;
  }

 private:
  const std::weak_ptr<PluginCalls> calls_;
  const std::uint64_t owner_;
};

// A call under way, which close() can stop.
class PluginCalls::Running {
 public:
  Running(PluginCalls& calls, wire::CallContext& call) : calls_(calls), call_(call) {
    const std::lock_guard lock(calls_.mutex_);
    calls_.running_.insert(&call_);
    if (calls_.closed_) call_.note_stop(wire::Stop::cancelled);
  }
  ~Running() {
    const std::lock_guard lock(calls_.mutex_);
    calls_.running_.erase(&call_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  PluginCalls& calls_;
  wire::CallContext& call_;
};

std::shared_ptr<wire::ServicePort> PluginCalls::port(const std::shared_ptr<PluginCalls>& calls) {
  const std::lock_guard lock(calls->mutex_);
  return std::make_shared<Port>(calls, calls->next_owner_++);
}

bool PluginCalls::enter() {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  ++count_;
  return true;
}

void PluginCalls::leave() {
  const std::lock_guard lock(mutex_);
  if (--count_ == 0) idle_.notify_all();
}

void PluginCalls::close() {
  Instances instances;
  std::vector<std::shared_ptr<InstanceState>> forgotten;
  Plugins dependencies;
  std::unique_lock lock(mutex_);
  closed_ = true;
  for (wire::CallContext* call : running_) call->stop(wire::Stop::cancelled);
  idle_.wait(lock, [this] { return count_ == 0; });
  instances.swap(instances_);
  forgotten.swap(forgotten_);
  dependencies.swap(dependencies_);
  lock.unlock();  // and then they go, instances before their plugins
}

void PluginCalls::forget(std::uint64_t owner) {
  const std::lock_guard lock(mutex_);
  for (auto at = instances_.begin(); at != instances_.end();) {
    if (std::get<0>(at->first) == owner) {
      forgotten_.push_back(std::move(at->second));
      at = instances_.erase(at);
    } else {
      ++at;
    }
  }
}

bh_status PluginCalls::call(std::uint64_t owner, wire::CallContext& context,
                            const bh_plugins_call_params& params, bh_plugins_call_result& result) {
  try {
    const std::string answer = ask(owner, context, params);
    void* memory = context.allocate(answer.size());
    if (memory == nullptr) {
      context.fail("the result of " + text_of(params.plugin) + " has " +
                   std::to_string(answer.size()) + " bytes, more than the caller may take");
      return BH_OUT_OF_MEMORY;
    }
    std::memcpy(memory, answer.data(), answer.size());
    result.result = {static_cast<const std::uint8_t*>(memory), answer.size()};
    return BH_OK;
  } catch (const Error& error) {
    // The time and the cancellation are the outer call's.
    if (const bh_status stop = context.should_stop(); stop != BH_OK) return stop;
    const std::string words = error.what();
    const std::string plugin = text_of(params.plugin);
    context.fail(words.starts_with(plugin) ? words : plugin + ": " + words);
    return as_seen_by_caller(error.status());
  } catch (const std::bad_alloc&) {
    context.fail("memory ran out in the host");
    return BH_OUT_OF_MEMORY;
  }
}

std::string PluginCalls::ask(std::uint64_t owner, wire::CallContext& context,
                             const bh_plugins_call_params& params) {
  const std::string id = text_of(params.plugin);
  std::shared_ptr<PluginState> plugin;
  std::vector<std::shared_ptr<InstanceState>> forgotten;
  {
    const std::lock_guard lock(mutex_);
    forgotten.swap(forgotten_);
    std::vector<std::string> ids;
    for (const auto& [known, state] : dependencies_) ids.push_back(known);
    const auto found = dependencies_.find(id);
    if (found == dependencies_.end()) {
      throw Error(Status::permission_denied, manifest::quoted(id) + " is no dependency of " +
                                                 label_ + manifest::did_you_mean(id, ids) +
                                                 ". Its manifest names " + manifest::listed(ids) +
                                                 " in [dependencies]");
    }
    plugin = found->second;
  }
  forgotten.clear();
  const std::string interface = interface_of(*plugin, params);
  const auto instance = this->instance(owner, plugin, config_of(params));

  CallOptions options;
  if (context.deadline_ns != 0) {
    options.timeout = std::chrono::nanoseconds(
        std::max<std::int64_t>(context.deadline_ns - wire::monotonic_now(), 1));
  }
  Call inner(*plugin, options);
  inner.set_cancellable(true);
  const Running running(*this, inner);
  const Follow follow(context, inner);
  const std::string_view given(reinterpret_cast<const char*>(params.params.data),
                               params.params.size);
  return call_json(*instance, inner, interface, text_of(params.method),
                   given.empty() ? "{}" : given);
}

std::shared_ptr<InstanceState> PluginCalls::instance(std::uint64_t owner,
                                                     const std::shared_ptr<PluginState>& plugin,
                                                     const Config& config) {
  const std::lock_guard opening(opening_);  // the same one is not opened twice
  const Key key(owner, plugin->info.id, config);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = instances_.find(key); found != instances_.end()) return found->second;
    const auto own = std::count_if(instances_.begin(), instances_.end(), [&](const auto& other) {
      return std::get<0>(other.first) == owner;
    });
    if (own >= BH_PLUGINS_MAX_INSTANCES) {
      throw Error(Status::resource_exhausted,
                  plugin->label + ": " + label_ + " uses " + std::to_string(own) +
                      " configurations of other plugins already, which is the most");
    }
  }
  auto made = open_instance(plugin, config);
  const std::lock_guard lock(mutex_);
  instances_.emplace(key, made);
  return made;
}

}  // namespace bulkhead::host
