// bulkhead/sdk/provider.hpp: write a provider plugin.
//
//   #include <bulkhead/sdk/provider.hpp>
//
//   class Mine : public bulkhead::Provider {
//    public:
//     ProviderFacts info() const override { return {.name = "mine"}; }
//     Quote quote(const Call&, const Job&) const override { ... }
//     std::string submit(const Call&, std::string_view intent, const Job&) const override { ... }
//     std::string find(const Call&, std::string_view intent) const override { ... }
//     std::string recover(const Call&, std::string_view handle) const override { ... }
//     JobStatus status(const Call&, std::string_view handle) const override { ... }
//     JobLog logs(const Call&, std::string_view handle, const LogRequest&) const override { ... }
//     void stop(const Call&, std::string_view handle, nanoseconds grace) const override { ... }
//     bool destroy(const Call&, std::string_view handle) const override { ... }
//     std::vector<OwnedJob> list_owned(const Call&, std::string_view tag) const override { ... }
//     Health health(const Call&) const override { ... }
//   };
//   BULKHEAD_PLUGIN(Mine);
//
// The plugin stores nothing: what it must know again later goes into the handle, opaque bytes that
// the host keeps. What each function means, and which errors it has, stands in
// bulkhead/abi/draft/provider.h. The base class checks what comes in (intents, handles, times,
// names of the environment) and what goes out, and makes the stream of health reports.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/abi/draft/provider.h>
#include <bulkhead/sdk/call.hpp>
#include <bulkhead/sdk/plugin.hpp>

namespace bulkhead::sdk {

struct ProviderFacts {
  std::string name;
  std::string description = {};
};

// Borrowed for the call. Each number is what the job needs at least; 0: any.
struct Job {
  std::string_view name;
  std::string_view tag;
  std::string_view image;                   // empty: none
  std::vector<std::string_view> arguments;  // the program first; may be none
  std::vector<std::pair<std::string_view, std::string_view>> environment;  // each name once
  std::string_view gpu;                                                    // type; empty: any
  std::uint64_t gpu_count = 0, gpu_memory = 0;                             // bytes each
  std::uint64_t cpus = 0, memory = 0;                                      // bytes
  std::chrono::nanoseconds timeout{0};                                     // 0: none
};

struct Quote {
  bool available = true;
  std::uint64_t micros_per_hour = 0;  // millionths of `currency`
  std::string currency = {};          // ISO 4217; empty: it costs nothing
  std::int64_t quoted_at = 0;         // seconds since 1970
  std::int64_t valid_until = 0;       // 0: not known
  std::string note = {};
};

struct JobStatus {
  std::uint32_t state = 0;                    // BH_JOB_*
  std::uint32_t reason = BH_REASON_NONE;      // BH_REASON_*
  std::int32_t exit_code = -1;                // 128 + signal; -1: unknown
  std::int64_t started_at = 0, ended_at = 0;  // nanoseconds since 1970; 0: not yet, or unknown
  std::uint64_t micros_spent = 0;
  std::string message = {};
};

struct LogRequest {
  std::uint64_t after = 0;           // 0: from the start
  std::uint64_t max_bytes = 0;       // 0: as the plugin likes
  std::chrono::nanoseconds wait{0};  // for a first byte; not negative
};

struct JobLog {
  std::string bytes;
  std::uint64_t next = 0;  // the position behind `bytes`
  bool ended = false;      // nothing will follow
};

struct OwnedJob {
  std::string intent;
  std::string handle;
  std::uint32_t state = 0;  // BH_JOB_*
};

struct Health {
  bool healthy = true;
  std::string message = {};
  bool operator==(const Health&) const = default;
};

class ProviderInstance;

// One configured provider. Its functions may be called from many threads at once, so they are
// const. Made by a constructor that takes nothing or a `const bulkhead::sdk::Open&`.
class Provider {
 public:
  using Call = sdk::Call;
  using Health = sdk::Health;
  using Job = sdk::Job;
  using JobLog = sdk::JobLog;
  using JobStatus = sdk::JobStatus;
  using LogRequest = sdk::LogRequest;
  using Open = sdk::Open;
  using OwnedJob = sdk::OwnedJob;
  using PluginError = sdk::PluginError;
  using ProviderFacts = sdk::ProviderFacts;
  using Quote = sdk::Quote;
  using nanoseconds = std::chrono::nanoseconds;

  virtual ~Provider() = default;

  virtual ProviderFacts info() const = 0;
  virtual Quote quote(const Call& call, const Job& job) const = 0;
  // Returns a handle, of 1 to 4096 bytes. The same intent is never two jobs.
  virtual std::string submit(const Call& call, std::string_view intent, const Job& job) const = 0;
  virtual std::string find(const Call& call, std::string_view intent) const = 0;
  virtual std::string recover(const Call& call, std::string_view handle) const = 0;
  virtual JobStatus status(const Call& call, std::string_view handle) const = 0;
  virtual JobLog logs(const Call& call, std::string_view handle,
                      const LogRequest& request) const = 0;
  virtual void stop(const Call& call, std::string_view handle, nanoseconds grace) const = 0;
  // Whether nothing is left.
  virtual bool destroy(const Call& call, std::string_view handle) const = 0;
  virtual std::vector<OwnedJob> list_owned(const Call& call, std::string_view tag) const = 0;
  // How it is now. A caller who waits for a change has it asked again after each health_interval().
  virtual Health health(const Call& call) const = 0;
  virtual nanoseconds health_interval() const { return std::chrono::seconds(1); }

  // For BULKHEAD_PLUGIN: how a provider is seen through the C ABI.
  using Instance = ProviderInstance;
  static constexpr const char* kInterfaces[] = {BH_PROVIDER_1, nullptr};
};

}  // namespace bulkhead::sdk

namespace bulkhead {
using Provider = sdk::Provider;
}  // namespace bulkhead

#include <bulkhead/sdk/provider_table.hpp>
