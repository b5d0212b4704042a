// bulkhead/testing/call.hpp: the context of a call, as a test of a plugin needs it: no host, no
// cell. Part of the kit for tests of plugins, see docs/authors.md.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/call.h>

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

struct CallFailed : std::runtime_error {
  CallFailed(bh_status status, const std::string& message)
      : std::runtime_error(message), status(status) {}
  bh_status status;
};

// Throws CallFailed unless the call succeeded.
inline void check(const TestCall& call, bh_status status) {
  if (status != BH_OK) throw CallFailed(status, call.message);
}

}  // namespace bulkhead::testing
