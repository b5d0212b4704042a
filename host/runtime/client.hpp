// What the clients of the kinds share.
#pragma once

#include <bulkhead/host.hpp>

#include "host/runtime/call.hpp"
#include "host/runtime/host_state.hpp"

namespace bulkhead {

struct HostAccess {
  static std::shared_ptr<HostState> state(const Host& host) { return host.state_; }
  static PluginState& plugin(const Instance& instance) { return *instance.state_->plugin; }
};

namespace host {

// A struct of the C tables, zeroed, that says its size.
template <class Struct>
Struct sized() {
  Struct value{};
  value.struct_size = sizeof value;
  return value;
}

inline std::string text_of(const bh_text& text) {
  return text.size == 0 ? std::string() : std::string(text.data, text.size);
}

inline std::string bytes_of(const bh_bytes& bytes) {
  return bytes.size == 0 ? std::string()
                         : std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

// A plugin answered what its interface does not allow.
inline Error broken_answer(const Instance& instance, const char* method, const std::string& what) {
  return Error(Status::protocol_error, HostAccess::plugin(instance).label + ": " + method +
                                           ": the plugin's answer is wrong: " + what);
}

// The table of an interface. Throws Status::unsupported, saying that the plugin is no `kind`.
template <class Table>
const Table* table_of(const Instance& instance, const char* interface, const char* kind) {
  if (const void* table = instance.interface(interface)) return static_cast<const Table*>(table);
  throw Error(Status::unsupported, HostAccess::plugin(instance).label + ": it is no " + kind +
                                       ": it does not offer " + interface);
}

}  // namespace host
}  // namespace bulkhead
