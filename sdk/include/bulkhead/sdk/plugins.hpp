// bulkhead/sdk/plugins.hpp: calls to the plugins that the manifest names in [dependencies], through
// the service "bulkhead.plugins/1" (bulkhead/abi/draft/plugins.h).
//
//   static constexpr const char* kServicesRequired[] = {BH_PLUGINS_1, nullptr};
//   ...
//   std::string_view ids = plugins_.call(call, {.plugin = "en_gpt2", .method = "encode",
//                                               .params = R"({"text": "Hello"})"});
//
// A failure throws a PluginError with the host's words, which name the other plugin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/abi/draft/plugins.h>
#include <bulkhead/sdk/services.hpp>

namespace bulkhead::sdk {

struct PluginCall {
  std::string_view plugin;
  std::string_view method;
  std::string_view params = "{}";                             // JSON
  std::string_view interface_name{};                          // empty: its only one
  std::vector<std::pair<std::string, std::string>> config{};  // as text: the host converts it
};

// Any thread that runs a call may use it.
class Plugins {
 public:
  // Of an Open's services. Throws where the host does not lend the service.
  explicit Plugins(const Services& services)
      : table_(static_cast<const bh_plugins_v1*>(services.get(BH_PLUGINS_1))) {
    if (table_ == nullptr) {
      throw PluginError(BH_UNSUPPORTED,
                        "This host calls no other plugins (service " BH_PLUGINS_1 ").");
    }
  }

  // The result is JSON, memory of the call.
  std::string_view call(const Call& call, const PluginCall& wanted) const {
    std::vector<bh_config_entry> config;
    for (const auto& [key, value] : wanted.config) {
      bh_config_entry entry{};
      entry.key = as_text(key);
      entry.type = BH_VALUE_TEXT;
      entry.text = as_text(value);
      config.push_back(entry);
    }
    bh_plugins_call_params params{};
    params.struct_size = sizeof params;
    params.plugin = as_text(wanted.plugin);
    params.interface_name = as_text(wanted.interface_name);
    params.method = as_text(wanted.method);
    params.params = {reinterpret_cast<const std::uint8_t*>(wanted.params.data()),
                     wanted.params.size()};
    params.config = config.data();
    params.config_count = config.size();
    bh_plugins_call_result result{};
    result.struct_size = sizeof result;
    const bh_status status = table_->call(call.raw(), table_, &params, &result);
    if (status == BH_CANCELLED || status == BH_DEADLINE_EXCEEDED) throw Cancelled(status);
    if (status != BH_OK) {
      throw HostError(status, "calling " + std::string(wanted.plugin));
    }
    return as_view(result.result);
  }

 private:
  const bh_plugins_v1* table_;
};

}  // namespace bulkhead::sdk
