// bulkhead/testing/services.hpp: the services that a test lends to a plugin.
#pragma once

#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi/services.h>
#include <bulkhead/testing/call.hpp>

namespace bulkhead::testing {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("can't read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The services log/1 and package/1; package files come from a folder, or from `files`, which wins.
class TestServices {
 public:
  explicit TestServices(std::string folder) : folder_(std::move(folder)) {
    services_.base = {sizeof(bh_services), 0, get};
    services_.self = this;
    package_.base = {sizeof(bh_package_v1), 0, file};
    package_.self = this;
    log_ = {sizeof(bh_log_v1), 0, [](const bh_log_v1*, std::uint32_t, bh_text) {}};
  }
  TestServices(const TestServices&) = delete;
  const bh_services* get() const { return &services_.base; }
  // Lends one more service: its table, which must live as long as the plugin's instances.
  void lend(const char* name, const void* service) { lent_[name] = service; }

  std::map<std::string, std::string> files;

 private:
  struct Services {
    bh_services base;
    TestServices* self;
  };
  struct Package {
    bh_package_v1 base;
    TestServices* self;
  };
  static const void* get(const bh_services* base, const char* name) {
    const TestServices& self = *reinterpret_cast<const Services*>(base)->self;
    if (std::string_view(name) == BH_LOG_1) return &self.log_;
    if (std::string_view(name) == BH_PACKAGE_1) return &self.package_.base;
    const auto lent = self.lent_.find(name);
    return lent == self.lent_.end() ? nullptr : lent->second;
  }
  static bh_status file(const bh_package_v1* base, bh_text name, bh_bytes* out) {
    TestServices& self = *reinterpret_cast<const Package*>(base)->self;
    const std::string key = string_of(name);
    if (!self.files.contains(key)) {
      std::ifstream file(self.folder_ + "/" + key, std::ios::binary);
      if (!file) return BH_NOT_FOUND;
      self.files[key] = {std::istreambuf_iterator<char>(file), {}};
    }
    *out = bytes_of(self.files[key]);
    return BH_OK;
  }

  std::string folder_;
  Services services_;
  Package package_;
  bh_log_v1 log_;
  std::map<std::string, const void*, std::less<>> lent_;
};

}  // namespace bulkhead::testing
