// bulkhead/sdk/call.hpp: the call that a plugin is working on, and the boundary that turns
// exceptions into a status.
#pragma once

#include <time.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include <bulkhead/abi/call.h>
#include <bulkhead/sdk/error.hpp>

namespace bulkhead::sdk {

inline bh_text as_text(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view as_view(bh_text text) noexcept {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}
inline std::string_view as_view(bh_bytes bytes) noexcept {
  return bytes.size == 0 ? std::string_view()
                         : std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

// A view of a bh_call: cheap to copy, valid until the call returns. It belongs to the thread that
// runs the call. Another thread that works for the call gets for_thread(): there check() and
// should_stop() work, progress and log say nothing, and allocate is a mistake.
class Call {
 public:
  explicit Call(bh_call* call) noexcept : call_(call) {}

  std::uint64_t id() const noexcept { return call_->id; }
  // For services of the host that take the call.
  bh_call* raw() const noexcept { return call_; }

  // BH_OK, BH_CANCELLED or BH_DEADLINE_EXCEEDED. Ask about every millisecond of work.
  bh_status should_stop() const noexcept {
    if (view_ != View::kThread) return call_->fn->should_stop(call_);
    // The flag is set at the deadline, too.
    const bh_status flagged = bh_call_cancelled(call_) ? BH_CANCELLED : BH_OK;
    const std::int64_t deadline = __atomic_load_n(&call_->deadline_ns, __ATOMIC_RELAXED);
    if (deadline == 0) return flagged;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t now_ns = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    return now_ns >= deadline ? BH_DEADLINE_EXCEEDED : flagged;
  }
  // Throws Cancelled when the call should stop.
  void check() const {
    if (const bh_status status = should_stop(); status != BH_OK) throw Cancelled(status);
  }

  // `done` of `total` units of work; total 0: unknown.
  void progress(std::uint64_t done, std::uint64_t total) const noexcept {
    if (view_ == View::kWhole) call_->fn->progress(call_, done, total);
  }
  // One line for the host's log; level BH_LOG_*.
  void log(std::uint32_t level, std::string_view line) const noexcept {
    if (view_ != View::kThread) call_->fn->log(call_, level, as_text(line));
  }

  // Memory for a result: aligned to 64, owned by the call. Throws BH_OUT_OF_MEMORY at the caller's
  // limit, or where there is no memory. Nullptr for 0 bytes.
  void* allocate(std::size_t bytes) const {
    if (bytes == 0) return nullptr;
    if (view_ == View::kThread) {
      throw std::logic_error("Results can be allocated only on the thread that runs the call.");
    }
    if (void* memory = call_->fn->allocate(call_, bytes)) return memory;
    throw PluginError(BH_OUT_OF_MEMORY,
                      "The call gave no memory for " + std::to_string(bytes) +
                          " more bytes of the result: its output limit, or the memory limit of the "
                          "cell, is reached. Ask for less at once or raise limits.output or "
                          "limits.memory of the policy.");
  }
  template <class T>
  T* allocate_array(std::size_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(allocate(count * sizeof(T)));
  }
  // A copy of `bytes` in memory of the call.
  std::string_view copy(std::string_view bytes) const {
    if (bytes.empty()) return {};
    char* memory = allocate_array<char>(bytes.size());
    std::memcpy(memory, bytes.data(), bytes.size());
    return {memory, bytes.size()};
  }

  // This call, as another thread may use it while the call's own thread waits.
  Call for_thread() const noexcept { return Call(call_, View::kThread); }
  // This call as one part of a larger piece of work, which reports progress itself.
  Call for_part() const noexcept {
    return view_ == View::kThread ? *this : Call(call_, View::kPart);
  }

 private:
  enum class View { kWhole, kPart, kThread };
  Call(bh_call* call, View view) noexcept : call_(call), view_(view) {}

  bh_call* call_;
  View view_ = View::kWhole;
};

// Gives the words of an error to the call and returns its status.
inline bh_status fail(bh_call* call, bh_status status, const char* message) noexcept {
  call->fn->fail(call, bh_text{message, std::strlen(message)});
  return status;
}

// Runs body() and turns what it throws into a status and text.
template <class Body>
bh_status guarded(bh_call* call, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return BH_OK;
  } catch (const HostError& error) {
    return error.status();
  } catch (const PluginError& error) {
    return fail(call, error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(call, BH_OUT_OF_MEMORY,
                "The plugin ran out of memory; ask for less at once, or raise limits.memory of the "
                "policy where it runs in a cell.");
  } catch (const std::exception& error) {
    return fail(call, BH_INTERNAL, error.what());
  } catch (...) {
    return fail(call, BH_INTERNAL, "The plugin threw something that is no std::exception.");
  }
}

// Every struct that crosses says its own size; this library reads and fills it up to the size that
// it was compiled with, so a smaller one comes from no host that speaks this ABI.
template <class T>
void check_struct(const T* value, const char* what) {
  if (value != nullptr && value->struct_size >= sizeof(T)) return;
  throw PluginError(BH_PROTOCOL_ERROR,
                    std::string("The host passed ") + what +
                        (value == nullptr ? " as NULL." : " smaller than this interface has it."));
}

}  // namespace bulkhead::sdk
