// One open instance of a loaded library: the place where messages meet the plugin's own tables. The
// cell and the host (for its own threads) use it alike.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "sdk/wire/call_context.hpp"
#include "sdk/wire/interfaces.hpp"
#include "sdk/wire/services.hpp"

namespace bulkhead::wire {

class PluginObject {
 public:
  // Null and the words in the context when the plugin refuses.
  static std::unique_ptr<PluginObject> open(const bh_descriptor* descriptor,
                                            std::span<const bh_config_entry> config,
                                            std::unique_ptr<Services> services,
                                            CallContext& context, bh_status& status);
  ~PluginObject();
  PluginObject(const PluginObject&) = delete;
  PluginObject& operator=(const PluginObject&) = delete;

  bh_instance* instance() const { return instance_; }
  // The plugin's own checked table of a known interface; null and a sentence otherwise.
  const void* table(const InterfaceInfo& interface, std::string& why);
  // Runs a method. Never throws.
  bh_status dispatch(CallContext& context, std::string_view interface, std::uint16_t method,
                     capnp::AnyPointer::Reader params, capnp::AnyPointer::Builder results);

 private:
  PluginObject(const bh_descriptor* descriptor, bh_instance* instance,
               std::unique_ptr<Services> services);

  const bh_descriptor* descriptor_;
  bh_instance* instance_;
  std::unique_ptr<Services> services_;
  std::mutex mutex_;
  std::map<const InterfaceInfo*, const void*> tables_;
};

}  // namespace bulkhead::wire
