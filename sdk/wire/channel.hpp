// What stands behind a table that a host gives out: a plugin's own table, or a channel to where the
// plugin runs.
#pragma once

#include <capnp/any.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "sdk/wire/call_context.hpp"
#include "sdk/wire/counters.hpp"

namespace bulkhead::wire {

// Writes the params message of a call.
using WriteParams = std::function<void(capnp::AnyPointer::Builder)>;
// Takes over the results of a call that succeeded; not BH_OK: they are not what the contract says.
using ReadResults = std::function<bh_status(CallContext&, capnp::AnyPointer::Reader)>;

// The only run of a plugin in process.
constexpr std::uint16_t kFirstRun = 1;

// A handle that a plugin gives out (a stream, a training run) carries the run of the plugin that it
// lives in: one of a run that ended is refused, not taken for another one of the next run.
constexpr unsigned kRunShift = 48;
constexpr std::uint64_t kHandleMask = (std::uint64_t{1} << kRunShift) - 1;
constexpr std::uint16_t run_of(std::uint64_t handle) {
  return static_cast<std::uint16_t>(handle >> kRunShift);
}
// The plugin's own part; 0, which no plugin gives out, for a handle without a run.
constexpr std::uint64_t unmarked(std::uint64_t handle) {
  return run_of(handle) == 0 ? 0 : handle & kHandleMask;
}
constexpr std::uint64_t marked(std::uint64_t handle, std::uint16_t run) {
  return handle | static_cast<std::uint64_t>(run) << kRunShift;
}

// Carries calls to an instance that runs elsewhere: in a cell, or on a thread of the host.
class Channel {
 public:
  virtual ~Channel() = default;
  // Runs a method and waits. Deadline, cancellation and progress as the context says; the words of
  // an error go to the context. A context that names a run is served by that run or refused with
  // BH_NOT_FOUND; afterwards it names the run that served it.
  virtual bh_status call(CallContext& context, const char* interface, std::uint16_t method,
                         const WriteParams& write, const ReadResults& read) = 0;
  // Starts a method. `write` runs before this returns; `read` and then `done` run later, once, on a
  // thread of the host, unless this returns an error.
  virtual bh_status submit(CallContext& context, const char* interface, std::uint16_t method,
                           const WriteParams& write, ReadResults read, bh_completion done) = 0;
};

// What a bh_instance* of a given-out table points to.
struct Endpoint {
  static constexpr std::size_t kInterfaces = 8;

  // The plugin's own tables by InterfaceInfo::index, where it runs in process.
  std::array<const void*, kInterfaces> tables{};
  bh_instance* instance = nullptr;
  Channel* channel = nullptr;
  CallCounters* counters = nullptr;
  const char* label = "";            // for error texts: "en_gpt2 1.0.0"
  std::int64_t default_timeout = 0;  // nanoseconds, of direct calls
  std::atomic<bool> closed{false};

  static Endpoint& of(bh_instance* handle) { return *reinterpret_cast<Endpoint*>(handle); }
  bh_instance* handle() { return reinterpret_cast<bh_instance*>(this); }
};

}  // namespace bulkhead::wire
