// Loads a plugin library directly, with no host: what a plugin's own tests need of one.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/codec.h>
#include <bulkhead/abi/services.h>

namespace bulkhead::testing {

inline bh_text text_of(std::string_view text) { return {text.data(), text.size()}; }
inline bh_bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string string_of(bh_text text) { return std::string(text.data, text.size); }
inline std::string string_of(bh_bytes bytes) {
  return bytes.size == 0 ? std::string()
                         : std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("can't read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One call: what a host keeps for it.
class TestCall {
 public:
  TestCall() {
    call_.base = {sizeof(bh_call), 0, 1, 0, &cancelled_, &kFunctions};
    call_.self = this;
  }
  TestCall(const TestCall&) = delete;

  operator bh_call*() { return &call_.base; }

  void cancel() { __atomic_store_n(&cancelled_, 1, __ATOMIC_RELAXED); }
  void limit_output(std::size_t bytes) { room_ = bytes; }
  void on_progress(std::function<void(std::uint64_t, std::uint64_t)> f) {
    progress_ = std::move(f);
  }

  std::string message;             // of the last fail
  std::vector<std::string> lines;  // logged
  std::uint64_t polls = 0;

  // Whether a result lies in memory of this call.
  bool owns(const void* data, std::size_t size) const {
    if (size == 0) return true;
    const char* begin = static_cast<const char*>(data);
    return std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
      return begin >= block.memory.get() && begin + size <= block.memory.get() + block.size;
    });
  }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  struct Block {
    std::unique_ptr<char, Free> memory;
    std::size_t size;
  };
  struct Raw {
    bh_call base;
    TestCall* self;
  };
  static TestCall& of(bh_call* call) { return *reinterpret_cast<Raw*>(call)->self; }
  static void* allocate(bh_call* call, std::size_t size) {
    TestCall& self = of(call);
    if (size > self.room_) return nullptr;
    self.room_ -= size;
    auto* memory = static_cast<char*>(std::aligned_alloc(64, (size + 63) / 64 * 64));
    self.blocks_.push_back({std::unique_ptr<char, Free>(memory), size});
    return memory;
  }
  static void progress(bh_call* call, std::uint64_t done, std::uint64_t total) {
    if (of(call).progress_) of(call).progress_(done, total);
  }
  static void log(bh_call* call, std::uint32_t, bh_text line) {
    of(call).lines.push_back(string_of(line));
  }
  static void fail(bh_call* call, bh_text text) { of(call).message = string_of(text); }
  static bh_status should_stop(bh_call* call) {
    ++of(call).polls;
    return bh_call_cancelled(call) ? bh_status{BH_CANCELLED} : bh_status{BH_OK};
  }
  static constexpr bh_call_functions kFunctions = {
      sizeof(bh_call_functions), 0, allocate, progress, log, fail, should_stop};

  Raw call_{};
  std::uint32_t cancelled_ = 0;
  std::size_t room_ = SIZE_MAX;
  std::function<void(std::uint64_t, std::uint64_t)> progress_;
  std::vector<Block> blocks_;
};

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
    return nullptr;
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
};

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

struct CallFailed : std::runtime_error {
  CallFailed(bh_status status, const std::string& message)
      : std::runtime_error(message), status(status) {}
  bh_status status;
};

using Ids = std::vector<std::uint32_t>;

// An open codec, with text configuration values. Throws CallFailed.
class TestCodec {
 public:
  TestCodec(const PluginLibrary& library, TestServices& services,
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
    table_ = static_cast<const bh_codec_v1*>(descriptor_.get_interface(instance_, BH_CODEC_1));
    if (table_ == nullptr) throw std::runtime_error("no " BH_CODEC_1);
  }
  ~TestCodec() {
    if (instance_ != nullptr) descriptor_.close(instance_);
  }
  TestCodec(const TestCodec&) = delete;

  const bh_codec_v1& table() const { return *table_; }
  bh_instance* instance() const { return instance_; }

  static bh_codec_encode_params params_of(std::string_view text) {
    bh_codec_encode_params params{};
    params.struct_size = sizeof(params);
    params.text = bytes_of(text);
    return params;
  }
  struct Encoding {
    Ids ids;
    std::vector<std::uint64_t> offsets;
    bool truncated;
  };
  Encoding encode(const bh_codec_encode_params& params, TestCall& call) const {
    bh_codec_encode_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->encode(call, instance_, &params, &result));
    owned(call, result.ids, result.count * 4);
    Encoding encoding{Ids(result.ids, result.ids + result.count), {}, result.truncated != 0};
    if (result.offsets != nullptr) {
      owned(call, result.offsets, (result.count + 1) * 8);
      encoding.offsets.assign(result.offsets, result.offsets + result.count + 1);
    }
    return encoding;
  }
  Ids encode(std::string_view text) const {
    TestCall call;
    return encode(params_of(text), call).ids;
  }
  std::uint64_t count(std::string_view text) const {
    TestCall call;
    const auto params = params_of(text);
    bh_codec_count_result result{sizeof(bh_codec_count_result), 0, 0};
    check(call, table_->count(call, instance_, &params, &result));
    return result.count;
  }
  std::string decode(std::span<const std::uint32_t> ids) const {
    TestCall call;
    const bh_codec_decode_params params{sizeof(bh_codec_decode_params), 0, ids.data(), ids.size()};
    bh_codec_bytes_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->decode(call, instance_, &params, &result));
    owned(call, result.bytes.data, result.bytes.size);
    return string_of(result.bytes);
  }
  std::vector<std::string> tokenize(std::string_view text) const {
    TestCall call;
    const auto params = params_of(text);
    bh_codec_tokenize_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->tokenize(call, instance_, &params, &result));
    return pieces_of(call, result);
  }
  std::vector<Ids> encode_batch(std::span<const std::string_view> texts, unsigned threads) const {
    TestCall call;
    std::vector<bh_bytes> bytes;
    for (const std::string_view text : texts) bytes.push_back(bytes_of(text));
    bh_codec_encode_batch_params params{};
    params.struct_size = sizeof(params);
    params.threads = threads;
    params.texts = bytes.data();
    params.count = bytes.size();
    bh_codec_encode_batch_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->encode_batch(call, instance_, &params, &result));
    owned(call, result.ids, result.id_count * 4);
    std::vector<Ids> items;
    for (std::size_t i = 0; i < result.count; ++i) {
      items.emplace_back(result.ids + result.offsets[i], result.ids + result.offsets[i + 1]);
    }
    return items;
  }
  std::vector<std::string> decode_batch(std::span<const Ids> lists, unsigned threads) const {
    TestCall call;
    Ids all;
    std::vector<std::uint64_t> offsets{0};
    for (const Ids& list : lists) {
      all.insert(all.end(), list.begin(), list.end());
      offsets.push_back(all.size());
    }
    const bh_codec_decode_batch_params params{sizeof(bh_codec_decode_batch_params), threads,
                                              all.data(), offsets.data(), lists.size()};
    bh_codec_tokenize_result result{};
    result.struct_size = sizeof(result);
    check(call, table_->decode_batch(call, instance_, &params, &result));
    return pieces_of(call, result);
  }
  std::uint64_t stream_open() const {
    TestCall call;
    bh_codec_stream_result result{sizeof(bh_codec_stream_result), 0, 0};
    check(call, table_->stream_open(call, instance_, &result));
    return result.stream;
  }
  std::string stream_push(std::uint64_t stream, const Ids& ids) const {
    return stream_call(table_->stream_push, stream, ids);
  }
  std::string stream_close(std::uint64_t stream) const {
    return stream_call(table_->stream_close, stream, {});
  }

  static void check(const TestCall& call, bh_status status) {
    if (status != BH_OK) throw CallFailed(status, call.message);
  }
  static void owned(const TestCall& call, const void* data, std::size_t size) {
    if (!call.owns(data, size)) throw std::runtime_error("a result is not in memory of the call");
  }

 private:
  static std::vector<std::string> pieces_of(const TestCall& call,
                                            const bh_codec_tokenize_result& result) {
    owned(call, result.bytes.data, result.bytes.size);
    owned(call, result.offsets, (result.count + 1) * 8);
    const std::string all = string_of(result.bytes);
    std::vector<std::string> pieces;
    for (std::size_t i = 0; i < result.count; ++i) {
      pieces.push_back(all.substr(result.offsets[i], result.offsets[i + 1] - result.offsets[i]));
    }
    return pieces;
  }
  template <class Function>
  std::string stream_call(Function function, std::uint64_t stream, const Ids& ids) const {
    TestCall call;
    const bh_codec_stream_params params{sizeof(bh_codec_stream_params), 0, stream, ids.data(),
                                        ids.size()};
    bh_codec_bytes_result result{};
    result.struct_size = sizeof(result);
    check(call, function(call, instance_, &params, &result));
    owned(call, result.bytes.data, result.bytes.size);
    return string_of(result.bytes);
  }

  const bh_descriptor& descriptor_;
  bh_instance* instance_ = nullptr;
  const bh_codec_v1* table_ = nullptr;
};

}  // namespace bulkhead::testing
