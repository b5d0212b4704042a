// bulkhead/testing/library.hpp: a plugin's library, loaded directly.
#pragma once

#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <bulkhead/abi/core.h>
#include <bulkhead/testing/call.hpp>

namespace bulkhead::testing {

class PluginLibrary {
 public:
  explicit PluginLibrary(const std::string& path)
      : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (!handle_) throw std::runtime_error(dlerror());
    auto* query = reinterpret_cast<bh_query_function*>(dlsym(handle_.get(), BH_QUERY_SYMBOL));
    if (query == nullptr) throw std::runtime_error("no " BH_QUERY_SYMBOL " in " + path);
    bh_query asked{};
    asked.magic = BH_QUERY_MAGIC;
    asked.struct_size = sizeof(asked);
    asked.abi_min = asked.abi_max = BH_ABI_VERSION(BH_ABI_MAJOR, BH_ABI_MINOR);
    asked.host_version = text_of("0.1.0");
    descriptor_ = query(&asked);
  }
  const bh_descriptor& descriptor() const { return *descriptor_; }

 private:
  struct Close {
    void operator()(void* handle) const { dlclose(handle); }
  };
  std::unique_ptr<void, Close> handle_;
  const bh_descriptor* descriptor_ = nullptr;
};

}  // namespace bulkhead::testing
