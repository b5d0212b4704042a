// bulkhead/provider_client.hpp: a provider plugin, as an embedder calls it.
// What the methods mean stands in bulkhead/abi/draft/provider.h.
//
//   bulkhead::ProviderClient provider(host.load("local").open());
//   const std::string handle = provider.submit("nightly-17", {.arguments = {"/usr/bin/make"}});
//   // ... write down the handle; also after a restart of this program:
//   while (provider.status(handle).running()) { provider.logs(handle, position, 1s); ... }
//   provider.destroy(handle);
//
// The intent is made and written down before `submit` is called: after a crash `find` says whether
// the job exists, and the same intent never starts it twice.
#pragma once

#include <bulkhead/host.hpp>

#include <bulkhead/abi/draft/provider.h>

#include <utility>

namespace bulkhead {

struct ProviderInfo {
  std::string name;
  std::string description;
};

// Each number is what the job needs at least; 0: any.
struct JobSpec {
  std::string name{};                    // for a person
  std::string tag{};                     // list_owned finds by it
  std::string image{};                   // of a container; empty where the provider has none
  std::vector<std::string> arguments{};  // the program first
  std::vector<std::pair<std::string, std::string>> environment{};
  std::string gpu{};  // type
  std::uint64_t gpu_count = 0;
  std::uint64_t gpu_memory = 0;  // bytes each
  std::uint64_t cpus = 0;
  std::uint64_t memory = 0;             // bytes
  std::chrono::nanoseconds timeout{0};  // after which the provider itself ends the job; 0: none
};

struct JobQuote {
  bool available = false;
  std::uint64_t micros_per_hour = 0;  // price in millionths of `currency`
  std::string currency;               // ISO 4217; empty: it costs nothing
  std::int64_t quoted_at = 0;         // seconds since 1970
  std::int64_t valid_until = 0;       // 0: the provider does not say
  std::string note;
};

enum class JobState : std::uint32_t {
  queued = BH_JOB_QUEUED,
  starting = BH_JOB_STARTING,
  running = BH_JOB_RUNNING,
  succeeded = BH_JOB_SUCCEEDED,
  failed = BH_JOB_FAILED,
  gone = BH_JOB_GONE
};

enum class JobReason : std::uint32_t {
  none = BH_REASON_NONE,
  user_error = BH_REASON_USER_ERROR,
  infra = BH_REASON_INFRA,
  preempted = BH_REASON_PREEMPTED,
  no_capacity = BH_REASON_NO_CAPACITY,
  timeout = BH_REASON_TIMEOUT,
  stopped = BH_REASON_STOPPED,
  lost = BH_REASON_LOST
};

struct JobStatus {
  JobState state = JobState::gone;
  JobReason reason = JobReason::none;
  int exit_code = -1;                         // 128 + signal; -1: unknown
  std::int64_t started_at = 0, ended_at = 0;  // nanoseconds since 1970; 0: not yet, or unknown
  std::uint64_t micros_spent = 0;             // in millionths of the quote's currency
  std::string message;
  // Queued, starting or running.
  bool running() const { return state <= JobState::running; }
};

struct JobLog {
  std::string bytes;       // output and errors of the job as they came
  std::uint64_t next = 0;  // where to go on
  bool ended = false;      // nothing will follow
};

struct OwnedJob {
  std::string intent;
  std::string handle;
  JobState state = JobState::gone;
  bool operator==(const OwnedJob&) const = default;
};

struct ProviderHealth {
  bool healthy = false;
  std::uint64_t number = 0;  // grows whenever something changed
  std::string message;
};

// All functions are [any-thread]. A handle is opaque bytes, 1 to 4096: keep it as it is. An answer
// that breaks the contract (an unknown state, a handle that is too long, a log that goes backwards)
// is Status::protocol_error.
class BULKHEAD_API ProviderClient {
 public:
  // Throws Status::unsupported when the instance is no provider.
  explicit ProviderClient(Instance instance);

  ProviderInfo info(const CallOptions& call = {}) const;
  // Throws Status::unsupported for what the provider never has.
  JobQuote quote(const JobSpec& job, const CallOptions& call = {}) const;
  // Returns the job's handle. Whatever it throws, the job may exist: ask find(intent).
  std::string submit(std::string_view intent, const JobSpec& job,
                     const CallOptions& call = {}) const;
  // Throws Status::not_found when the provider was asked and has no such job,
  // Status::unavailable when it could not be asked.
  std::string find(std::string_view intent, const CallOptions& call = {}) const;
  // The handle that replaces one of an earlier host.
  std::string recover(std::string_view handle, const CallOptions& call = {}) const;
  JobStatus status(std::string_view handle, const CallOptions& call = {}) const;
  // From position `after` on, at most `max_bytes` (0: the plugin decides). Waits for a first byte.
  JobLog logs(std::string_view handle, std::uint64_t after = 0, std::chrono::nanoseconds wait = {},
              std::uint64_t max_bytes = 0, const CallOptions& call = {}) const;
  void stop(std::string_view handle, std::chrono::nanoseconds grace,
            const CallOptions& call = {}) const;
  // False: not gone yet, ask again.
  bool destroy(std::string_view handle, const CallOptions& call = {}) const;
  std::vector<OwnedJob> list_owned(std::string_view tag, const CallOptions& call = {}) const;
  // The newest report; where that has number `after`, waits for another one.
  ProviderHealth health(std::uint64_t after = 0, std::chrono::nanoseconds wait = {},
                        const CallOptions& call = {}) const;

  const Instance& instance() const { return instance_; }

 private:
  template <class Result, class Method, class Params, class Take>
  auto call(Method method, const Params& params, const CallOptions& options,
            Take&& take_over) const;
  [[noreturn]] void broken(const char* method, const std::string& how) const;
  std::string handle(const char* method, const bh_bytes& bytes) const;
  JobState state(const char* method, std::uint32_t value) const;

  Instance instance_;
  const bh_provider_v1* table_;
};

}  // namespace bulkhead
