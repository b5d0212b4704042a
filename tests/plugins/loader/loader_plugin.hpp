// The loader's table without a host.
#pragma once

#include <bulkhead/abi/draft/multimodal.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/plugins/support/plugin_library.hpp"

namespace bulkhead::testing {

struct Facts {
  std::string media_type;
  std::uint64_t width = 0, height = 0, channels = 0, frames = 0, sample_rate = 0, bytes = 0;
  bool operator==(const Facts&) const = default;
};

struct Tensor {
  std::string name;
  DLDataType type{};
  std::vector<std::int64_t> shape;
  std::string bytes;

  std::vector<std::uint8_t> uint8() const { return {bytes.begin(), bytes.end()}; }
  std::vector<float> float32() const {
    std::vector<float> values(bytes.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};

struct Loaded {
  Facts facts;
  std::vector<Tensor> tensors;
};

struct Item {
  std::string_view bytes;
  std::string_view media_type = {};
};

// Throws CallFailed; every result is held against "memory of the call".
class LoaderPlugin {
 public:
  explicit LoaderPlugin(const std::string& library) : library_(library) {
    const bh_open_params params{sizeof(bh_open_params), 0, nullptr, services_.get()};
    TestCall call;
    check(call, library_.descriptor().open(call, &params, &instance_));
    table_ = static_cast<const bh_multimodal_v1*>(
        library_.descriptor().get_interface(instance_, BH_MULTIMODAL_1));
    if (table_ == nullptr) throw std::runtime_error("no " BH_MULTIMODAL_1);
  }
  ~LoaderPlugin() { library_.descriptor().close(instance_); }
  LoaderPlugin(const LoaderPlugin&) = delete;

  const bh_multimodal_v1& table() const { return *table_; }
  const bh_descriptor& descriptor() const { return library_.descriptor(); }
  bh_instance* instance() const { return instance_; }

  std::vector<Facts> probe(const std::vector<Item>& items, TestCall& call) const {
    const Params params(items, 1);
    bh_multimodal_probe_result result{};
    result.struct_size = sizeof result;
    check(call, table_->probe(call, instance_, &params.value, &result));
    owned(call, result.items, result.item_count * sizeof(bh_media_facts));
    std::vector<Facts> all;
    for (std::size_t i = 0; i < result.item_count; ++i) all.push_back(take(call, result.items[i]));
    return all;
  }
  std::vector<Loaded> load(const std::vector<Item>& items, TestCall& call,
                           unsigned threads = 1) const {
    const Params params(items, threads);
    bh_multimodal_load_result result{};
    result.struct_size = sizeof result;
    check(call, table_->load(call, instance_, &params.value, &result));
    owned(call, result.items, result.item_count * sizeof(bh_media_tensors));
    std::vector<Loaded> all;
    for (std::size_t i = 0; i < result.item_count; ++i) {
      const bh_media_tensors& item = result.items[i];
      Loaded loaded{take(call, item.facts), {}};
      owned(call, item.tensors, item.tensor_count * sizeof(bh_named_tensor));
      for (std::size_t j = 0; j < item.tensor_count; ++j) {
        loaded.tensors.push_back(take(call, item.tensors[j]));
      }
      all.push_back(std::move(loaded));
    }
    return all;
  }
  Facts probe(std::string_view file) const {
    TestCall call;
    return probe({{file}}, call).front();
  }
  Loaded load(std::string_view file) const {
    TestCall call;
    return load({{file}}, call).front();
  }

 private:
  struct Params {
    Params(const std::vector<Item>& items, unsigned threads) {
      for (const Item& item : items) {
        list.push_back({bytes_of(item.bytes), text_of(item.media_type)});
      }
      value = {sizeof value, threads, list.data(), list.size()};
    }
    std::vector<bh_media_item> list;
    bh_multimodal_load_params value{};
  };
  static void check(const TestCall& call, bh_status status) {
    if (status != BH_OK) throw CallFailed(status, call.message);
  }
  static void owned(const TestCall& call, const void* data, std::size_t size) {
    if (!call.owns(data, size)) throw std::runtime_error("a result is not memory of the call");
  }
  static Facts take(const TestCall& call, const bh_media_facts& facts) {
    owned(call, facts.media_type.data, facts.media_type.size);
    return {string_of(facts.media_type), facts.width, facts.height, facts.channels, facts.frames,
            facts.sample_rate,           facts.bytes};
  }
  static Tensor take(const TestCall& call, const bh_named_tensor& from) {
    const DLTensor& tensor = from.tensor;
    const std::size_t bytes = bh_tensor_bytes(&tensor);
    owned(call, from.name.data, from.name.size);
    owned(call, tensor.shape, static_cast<std::size_t>(tensor.ndim) * sizeof(std::int64_t));
    owned(call, tensor.data, bytes);
    if (reinterpret_cast<std::uintptr_t>(tensor.data) % 64 != 0) {
      throw std::runtime_error("a tensor is not aligned to 64");
    }
    return {string_of(from.name),
            tensor.dtype,
            {tensor.shape, tensor.shape + tensor.ndim},
            bytes == 0 ? std::string() : std::string(static_cast<const char*>(tensor.data), bytes)};
  }

  PluginLibrary library_;
  TestServices services_{"/nonexistent"};
  bh_instance* instance_ = nullptr;
  const bh_multimodal_v1* table_ = nullptr;
};

}  // namespace bulkhead::testing
