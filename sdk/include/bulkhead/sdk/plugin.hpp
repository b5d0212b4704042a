// bulkhead/sdk/plugin.hpp: BULKHEAD_PLUGIN makes a plugin of an author class. Include the header of
// the kind (bulkhead/sdk/codec.hpp), which includes this one.
//
//   BULKHEAD_PLUGIN(MyCodec, "my_codec", "1.0.0")
//
// or, built by bulkhead_add_plugin(), which takes id and version from plugin.toml:
//
//   BULKHEAD_PLUGIN(MyCodec)
#pragma once

#include <concepts>
#include <memory>
#include <string_view>

#include <bulkhead/abi/core.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/config.hpp>
#include <bulkhead/sdk/services.hpp>

namespace bulkhead::sdk {

// What an instance is made from; the reference is valid in the constructor only.
struct Open {
  const Config& config;
  Services services;
  Call call;
};

// What a bh_instance points to.
class InstanceBase {
 public:
  InstanceBase() = default;
  InstanceBase(const InstanceBase&) = delete;
  InstanceBase& operator=(const InstanceBase&) = delete;
  virtual ~InstanceBase() = default;
  // The table of an interface of this instance, or nullptr.
  virtual const void* interface(std::string_view name) const noexcept = 0;

  static InstanceBase& of(bh_instance* handle) noexcept {
    return *reinterpret_cast<InstanceBase*>(handle);
  }
  // The one that has the interface's table, for the functions of that table.
  static InstanceBase& of(bh_instance* handle, std::string_view interface) noexcept {
    return of(handle).part(interface);
  }
  bh_instance* handle() noexcept { return reinterpret_cast<bh_instance*>(this); }

 private:
  // Of an instance that is made of several: see several.hpp.
  virtual InstanceBase& part(std::string_view) noexcept { return *this; }
};

// The services that a plugin needs (kServicesRequired) and those that it can do without
// (kServicesOptional), NULL-terminated, where the author class names them. By default it can do
// without each that Services knows.
inline constexpr const char* kKnownServices[] = {BH_LOG_1, BH_PACKAGE_1, nullptr};
template <class Author>
constexpr const char* const* required_services() {
  if constexpr (requires { Author::kServicesRequired; }) {
    return Author::kServicesRequired;
  } else {
    return nullptr;
  }
}
template <class Author>
constexpr const char* const* optional_services() {
  if constexpr (requires { Author::kServicesOptional; }) {
    return Author::kServicesOptional;
  } else if constexpr (requires { Author::kServicesRequired; }) {
    return nullptr;
  } else {
    return kKnownServices;
  }
}

// The descriptor's functions for an author class. Author::Instance is how the kind is seen through
// the C ABI, Author::kInterfaces what it offers; both come from the kind's base class.
template <class Author>
struct Entry {
  static std::unique_ptr<Author> make(const Open& open) {
    if constexpr (std::constructible_from<Author, const Open&>) {
      return std::make_unique<Author>(open);
    } else {
      static_assert(std::default_initializable<Author>,
                    "The class needs a constructor that takes nothing or a const Open&.");
      return std::make_unique<Author>();
    }
  }
  static bh_status open(bh_call* call, const bh_open_params* params, bh_instance** out) {
    return guarded(call, [&] {
      check_struct(params, "bh_open_params");
      const Config config(params->config, params->config_count);
      const Open from{config, Services(params->services), Call(call)};
      InstanceBase* made = std::make_unique<typename Author::Instance>(make(from)).release();
      *out = made->handle();
    });
  }
  static void close(bh_instance* instance) { delete &InstanceBase::of(instance); }
  static const void* get_interface(bh_instance* instance, const char* name) {
    return InstanceBase::of(instance).interface(name);
  }
};

}  // namespace bulkhead::sdk

// Nothing here runs when the library is loaded: the descriptor is constant data.
#define BULKHEAD_PLUGIN(...)                                                                       \
  BULKHEAD_PLUGIN_PICK_(__VA_ARGS__, BULKHEAD_PLUGIN_3_, 0, BULKHEAD_PLUGIN_1_, 0)(__VA_ARGS__)
#define BULKHEAD_PLUGIN_PICK_(a, b, c, chosen, ...) chosen
#define BULKHEAD_PLUGIN_1_(Author)                                                                 \
  BULKHEAD_PLUGIN_3_(Author, BULKHEAD_PLUGIN_ID, BULKHEAD_PLUGIN_VERSION)
#define BULKHEAD_PLUGIN_3_(Author, id, version)                                                    \
  extern "C" BH_EXPORT const bh_descriptor* bulkhead_query(const bh_query*) {                      \
    using Entry = ::bulkhead::sdk::Entry<Author>;                                                  \
    static constexpr bh_descriptor kDescriptor = {                                                 \
        BH_DESCRIPTOR_PREFIX(id, version, Author::kInterfaces,                                     \
                             ::bulkhead::sdk::required_services<Author>(),                         \
                             ::bulkhead::sdk::optional_services<Author>()),                        \
        Entry::open, Entry::close, Entry::get_interface};                                          \
    return &kDescriptor;                                                                           \
  }                                                                                                \
  static_assert(true, "so that the line may end with a semicolon")
