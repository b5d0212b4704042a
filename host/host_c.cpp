// What host.h promises: the C++ API for C.
#include <bulkhead/host.h>
#include <bulkhead/host.hpp>

#include <cstdlib>
#include <cstring>
#include <new>

#include "host/runtime/client.hpp"
#include "sdk/wire/version.hpp"

struct bh_host {
  bulkhead::Host host;
  std::shared_ptr<bulkhead::HostState> state;
};
struct bh_plugin {
  bulkhead::Plugin plugin;
};
struct bh_handle {
  bulkhead::Instance instance;
};

namespace bulkhead {

namespace {

// The context of a C embedder: it keeps the host's core alive.
class OwnedCall final : public host::Call {
 public:
  explicit OwnedCall(std::shared_ptr<host::Core> core) : Call(*core), core_(std::move(core)) {
    set_output_limit(core_->policy.limits.output);
    // bh_call_cancel may come from another thread at any time, but only a call with a time of its
    // own is worth a thread of the host: see bh_call_set_timeout.
  }

 private:
  const std::shared_ptr<host::Core> core_;
};

OwnedCall* owned(bh_call* call) {
  return static_cast<OwnedCall*>(&static_cast<host::Call&>(wire::CallContext::of(call)));
}

bh_status report(bh_status status, const char* message, char** error) {
  if (error != nullptr) *error = strdup(message);
  return status;
}

// Runs `work`; what it throws becomes a status and words.
template <class Work>
bh_status guarded(char** error, Work&& work) {
  if (error != nullptr) *error = nullptr;
  try {
    work();
    return BH_OK;
  } catch (const Error& failure) {
    return report(static_cast<bh_status>(failure.status()), failure.what(), error);
  } catch (const std::bad_alloc&) {
    return report(BH_OUT_OF_MEMORY, "there is not enough memory", error);
  } catch (const std::exception& failure) {
    return report(BH_INTERNAL, failure.what(), error);
  }
}

HostOptions host_options(const bh_host_options& from) {
  HostOptions options;
  options.read_environment = from.no_environment == 0;
  options.control_socket = from.no_control_socket == 0;
  for (std::uint32_t i = 0; i < from.plugin_folder_count; ++i) {
    options.plugin_folders.emplace_back(from.plugin_folders[i]);
  }
  if (from.policy_file != nullptr) options.policy_file = from.policy_file;
  if (from.name != nullptr) options.name = from.name;
  if (from.log != nullptr) {
    options.log = [log = from.log, user = from.log_user](const LogRecord& record) {
      log(user, record.level, {record.plugin.data(), record.plugin.size()}, record.call,
          {record.text.data(), record.text.size()});
    };
  }
  return options;
}

Config config_of(const bh_config_entry* entries, std::size_t count) {
  Config config;
  for (std::size_t i = 0; i < count; ++i) {
    const bh_config_entry& entry = entries[i];
    const std::string key(entry.key.data, entry.key.size);
    switch (entry.type) {
      case BH_VALUE_BOOLEAN:
        config[key] = entry.integer != 0;
        break;
      case BH_VALUE_INTEGER:
        config[key] = entry.integer;
        break;
      case BH_VALUE_NUMBER:
        config[key] = entry.number;
        break;
      case BH_VALUE_TEXT:
        config[key] = std::string(entry.text.data, entry.text.size);
        break;
      default:
        throw Error(Status::invalid_argument,
                    "the configuration entry '" + key + "' has no known type (BH_VALUE_*)");
    }
  }
  return config;
}

void check_size(std::uint32_t size, std::size_t least, const char* name) {
  if (size < least) {
    throw Error(Status::invalid_argument,
                std::string(name) + ".struct_size is smaller than this library's header says");
  }
}

}  // namespace
}  // namespace bulkhead

using namespace bulkhead;

const char* bh_host_version(void) { return wire::kBuildVersion; }

const char* bh_status_name(bh_status status) {
  switch (status) {
#define BH_NAME(value, text)                                                                       \
  case value:                                                                                      \
    return text
    BH_NAME(BH_OK, "ok");
    BH_NAME(BH_INVALID_ARGUMENT, "invalid_argument");
    BH_NAME(BH_NOT_FOUND, "not_found");
    BH_NAME(BH_UNSUPPORTED, "unsupported");
    BH_NAME(BH_CANCELLED, "cancelled");
    BH_NAME(BH_DEADLINE_EXCEEDED, "deadline_exceeded");
    BH_NAME(BH_OUT_OF_MEMORY, "out_of_memory");
    BH_NAME(BH_RESOURCE_EXHAUSTED, "resource_exhausted");
    BH_NAME(BH_OVERLOADED, "overloaded");
    BH_NAME(BH_PERMISSION_DENIED, "permission_denied");
    BH_NAME(BH_DATA_INVALID, "data_invalid");
    BH_NAME(BH_IO_ERROR, "io_error");
    BH_NAME(BH_INTERNAL, "internal");
    BH_NAME(BH_PLUGIN_CRASHED, "plugin_crashed");
    BH_NAME(BH_UNRESPONSIVE, "unresponsive");
    BH_NAME(BH_PROTOCOL_ERROR, "protocol_error");
    BH_NAME(BH_VERSION_MISMATCH, "version_mismatch");
    BH_NAME(BH_UNAVAILABLE, "unavailable");
    BH_NAME(BH_CODEC_DISALLOWED_SPECIAL, "disallowed_special");
#undef BH_NAME
    default:
      return "unknown";
  }
}

void bh_text_free(char* text) { std::free(text); }

bh_status bh_host_open(const bh_host_options* options, bh_host** host, char** error) {
  return guarded(error, [&] {
    HostOptions chosen;
    if (options != nullptr) {
      check_size(options->struct_size, sizeof *options, "bh_host_options");
      chosen = host_options(*options);
    }
    Host opened(std::move(chosen));
    auto state = HostAccess::state(opened);
    *host = new bh_host{std::move(opened), std::move(state)};
  });
}

void bh_host_free(bh_host* host) { delete host; }

bh_status bh_plugin_load(bh_host* host, const char* id, const bh_load_options* options,
                         bh_plugin** plugin, char** error) {
  return guarded(error, [&] {
    LoadOptions chosen;
    if (options != nullptr) {
      check_size(options->struct_size, sizeof *options, "bh_load_options");
      if (options->isolation >= 0) chosen.isolation = static_cast<Isolation>(options->isolation);
      if (options->minimum_level >= 0) chosen.minimum_level = options->minimum_level;
      if (options->version != nullptr) chosen.version = options->version;
    }
    *plugin = new bh_plugin{host->host.load(id, chosen)};
  });
}

void bh_plugin_free(bh_plugin* plugin) { delete plugin; }

int bh_plugin_level(const bh_plugin* plugin) { return plugin->plugin.level().number; }
int bh_plugin_process(const bh_plugin* plugin) { return plugin->plugin.process(); }

bh_status bh_plugin_open(bh_plugin* plugin, const bh_config_entry* config, size_t count,
                         bh_handle** handle, char** error) {
  return bh_plugin_open_with(plugin, config, count, nullptr, handle, error);
}

bh_status bh_plugin_open_with(bh_plugin* plugin, const bh_config_entry* config, size_t count,
                              const bh_open_options* options, bh_handle** handle, char** error) {
  return guarded(error, [&] {
    OpenOptions chosen;
    if (options != nullptr) {
      check_size(options->struct_size, sizeof *options, "bh_open_options");
      for (std::uint32_t i = 0; i < options->file_count; ++i) {
        const bh_lent_file& file = options->files[i];
        chosen.files[file.name] = {file.path,
                                   file.for_writing != 0 ? FileAccess::write : FileAccess::read};
      }
    }
    *handle = new bh_handle{plugin->plugin.open(config_of(config, count), chosen)};
  });
}

void bh_handle_free(bh_handle* handle) { delete handle; }

const void* bh_handle_interface(const bh_handle* handle, const char* name) {
  return handle->instance.interface(name);
}

bh_instance* bh_handle_instance(const bh_handle* handle) { return handle->instance.handle(); }

bh_call* bh_call_new(bh_host* host) { return new OwnedCall(host->state->core()); }

void bh_call_free(bh_call* call) {
  if (call != nullptr) delete owned(call);
}

void bh_call_reset(bh_call* call) { owned(call)->renew(); }

void bh_call_set_timeout(bh_call* call, int64_t nanoseconds) {
  owned(call)->set_timeout(nanoseconds);
}

void bh_call_set_progress(bh_call* call,
                          void (*progress)(void* user, uint64_t done, uint64_t total), void* user) {
  if (progress == nullptr) {
    owned(call)->set_progress({});
  } else {
    owned(call)->set_progress(
        [=](std::uint64_t done, std::uint64_t total) { progress(user, done, total); });
  }
}

void bh_call_cancel(bh_call* call) { owned(call)->stop(wire::Stop::cancelled); }

const char* bh_call_error(const bh_call* call) {
  return wire::CallContext::of(const_cast<bh_call*>(call)).error().c_str();
}
