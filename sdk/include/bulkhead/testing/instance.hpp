// bulkhead/testing/instance.hpp: an open instance of a plugin, of any kind.
#pragma once

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <bulkhead/testing/library.hpp>
#include <bulkhead/testing/services.hpp>

namespace bulkhead::testing {

class TestInstance {
 public:
  // With text configuration values. Throws CallFailed.
  TestInstance(const PluginLibrary& library, TestServices& services,
               std::initializer_list<std::pair<const char*, const char*>> config = {})
      : descriptor_(library.descriptor()) {
    std::vector<bh_config_entry> entries;
    for (const auto& [key, value] : config) {
      entries.push_back({text_of(key), BH_VALUE_TEXT, 0, 0, 0, text_of(value)});
    }
    bh_open_params params{sizeof(bh_open_params), static_cast<std::uint32_t>(entries.size()),
                          entries.data(), services.get()};
    TestCall call;
    check(call, descriptor_.open(call, &params, &instance_));
  }
  ~TestInstance() {
    if (instance_ != nullptr) descriptor_.close(instance_);
  }
  TestInstance(const TestInstance&) = delete;

  bh_instance* get() const { return instance_; }
  // The table of an interface: table<bh_codec_v1>(BH_CODEC_1).
  template <class Table>
  const Table& table(const char* name) const {
    const void* found = descriptor_.get_interface(instance_, name);
    if (found == nullptr) throw std::runtime_error(std::string("no ") + name);
    return *static_cast<const Table*>(found);
  }

 private:
  const bh_descriptor& descriptor_;
  bh_instance* instance_ = nullptr;
};

}  // namespace bulkhead::testing
