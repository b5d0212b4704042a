#include <bulkhead/provider_client.hpp>

#include <utility>

#include "host/runtime/client.hpp"

namespace bulkhead {
namespace {

using host::sized;
using host::text_of;

constexpr std::size_t kMaxHandle = 4096;

bh_text borrow(std::string_view text) { return {text.data(), text.size()}; }
bh_bytes borrow_bytes(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
std::string take(const bh_bytes& bytes) {
  return bytes.size == 0 ? std::string()
                         : std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

// A JobSpec as the C struct; valid as long as this and the JobSpec live.
class SpecView {
 public:
  explicit SpecView(const JobSpec& job) {
    for (const std::string& argument : job.arguments) arguments_.push_back(borrow(argument));
    for (const auto& [name, value] : job.environment) {
      bh_config_entry entry{};
      entry.key = borrow(name);
      entry.type = BH_VALUE_TEXT;
      entry.text = borrow(value);
      environment_.push_back(entry);
    }
    spec_.name = borrow(job.name);
    spec_.tag = borrow(job.tag);
    spec_.image = borrow(job.image);
    spec_.arguments = arguments_.data();
    spec_.argument_count = arguments_.size();
    spec_.environment = environment_.data();
    spec_.environment_count = environment_.size();
    spec_.gpu = borrow(job.gpu);
    spec_.gpu_count = job.gpu_count;
    spec_.gpu_memory = job.gpu_memory;
    spec_.cpus = job.cpus;
    spec_.memory = job.memory;
    spec_.timeout_ns = job.timeout.count();
  }
  const bh_job_spec& spec() const { return spec_; }

 private:
  std::vector<bh_text> arguments_;
  std::vector<bh_config_entry> environment_;
  bh_job_spec spec_{};
};

}  // namespace

ProviderClient::ProviderClient(Instance instance)
    : instance_(std::move(instance)),
      table_(host::table_of<bh_provider_v1>(instance_, BH_PROVIDER_1, "provider")) {}

template <class Result, class Method, class Params, class Take>
auto ProviderClient::call(Method method, const Params& params, const CallOptions& options,
                          Take&& take_over) const {
  host::Call context(HostAccess::plugin(instance_), options);
  auto result = sized<Result>();
  context.check((table_->*method)(&context, instance_.handle(), &params, &result));
  return take_over(result);  // what it points to goes with the context
}

void ProviderClient::broken(const char* method, const std::string& how) const {
  throw Error(Status::protocol_error, HostAccess::plugin(instance_).label + ": " + method +
                                          ": the plugin answered with " + how +
                                          ", which breaks " BH_PROVIDER_1
                                          "; report it to the "
                                          "plugin's author");
}

std::string ProviderClient::handle(const char* method, const bh_bytes& bytes) const {
  if (bytes.size == 0 || bytes.size > kMaxHandle) {
    broken(method, "a handle of " + std::to_string(bytes.size) + " bytes");
  }
  return take(bytes);
}

JobState ProviderClient::state(const char* method, std::uint32_t value) const {
  if (value < BH_JOB_QUEUED || value > BH_JOB_GONE) {
    broken(method, "the job state " + std::to_string(value));
  }
  return static_cast<JobState>(value);
}

ProviderInfo ProviderClient::info(const CallOptions& options) const {
  return call<bh_provider_info_result>(
      &bh_provider_v1::info, sized<bh_empty>(), options, [](const auto& result) {
        return ProviderInfo{text_of(result.name), text_of(result.description)};
      });
}

JobQuote ProviderClient::quote(const JobSpec& job, const CallOptions& options) const {
  const SpecView view(job);
  auto params = sized<bh_provider_quote_params>();
  params.job = view.spec();
  return call<bh_provider_quote_result>(
      &bh_provider_v1::quote, params, options, [](const auto& result) {
        return JobQuote{result.available != 0, result.micros_per_hour, text_of(result.currency),
                        result.quoted_at,      result.valid_until,     text_of(result.note)};
      });
}

std::string ProviderClient::submit(std::string_view intent, const JobSpec& job,
                                   const CallOptions& options) const {
  const SpecView view(job);
  auto params = sized<bh_provider_submit_params>();
  params.intent = borrow(intent);
  params.job = view.spec();
  return call<bh_provider_handle_result>(
      &bh_provider_v1::submit_job, params, options,
      [&](const auto& result) { return handle("submit_job", result.handle); });
}

std::string ProviderClient::find(std::string_view intent, const CallOptions& options) const {
  auto params = sized<bh_provider_find_params>();
  params.intent = borrow(intent);
  return call<bh_provider_handle_result>(
      &bh_provider_v1::find, params, options,
      [&](const auto& result) { return handle("find", result.handle); });
}

std::string ProviderClient::recover(std::string_view old, const CallOptions& options) const {
  auto params = sized<bh_provider_handle_params>();
  params.handle = borrow_bytes(old);
  return call<bh_provider_handle_result>(
      &bh_provider_v1::recover, params, options,
      [&](const auto& result) { return handle("recover", result.handle); });
}

JobStatus ProviderClient::status(std::string_view job, const CallOptions& options) const {
  auto params = sized<bh_provider_handle_params>();
  params.handle = borrow_bytes(job);
  return call<bh_provider_status_result>(
      &bh_provider_v1::status, params, options, [&](const auto& result) {
        if (result.reason > BH_REASON_LOST) {
          broken("status", "the reason " + std::to_string(result.reason));
        }
        return JobStatus{state("status", result.state),
                         static_cast<JobReason>(result.reason),
                         result.exit_code,
                         result.started_at,
                         result.ended_at,
                         result.micros_spent,
                         text_of(result.message)};
      });
}

JobLog ProviderClient::logs(std::string_view job, std::uint64_t after,
                            std::chrono::nanoseconds wait, std::uint64_t max_bytes,
                            const CallOptions& options) const {
  auto params = sized<bh_provider_logs_params>();
  params.handle = borrow_bytes(job);
  params.after = after;
  params.max_bytes = max_bytes;
  params.wait_ns = wait.count();
  return call<bh_provider_logs_result>(
      &bh_provider_v1::logs, params, options, [&](const auto& result) {
        // A position that does not move while bytes come would have a reader loop for ever.
        if (result.next < after || (result.next == after && result.bytes.size != 0)) {
          broken("logs", "position " + std::to_string(result.next) + " after position " +
                             std::to_string(after));
        }
        if (max_bytes != 0 && result.bytes.size > max_bytes) {
          broken("logs", std::to_string(result.bytes.size) + " bytes where " +
                             std::to_string(max_bytes) + " were asked for at most");
        }
        return JobLog{take(result.bytes), result.next, result.ended != 0};
      });
}

void ProviderClient::stop(std::string_view job, std::chrono::nanoseconds grace,
                          const CallOptions& options) const {
  auto params = sized<bh_provider_stop_params>();
  params.handle = borrow_bytes(job);
  params.grace_ns = grace.count();
  call<bh_empty>(&bh_provider_v1::stop, params, options, [](const bh_empty&) {});
}

bool ProviderClient::destroy(std::string_view job, const CallOptions& options) const {
  auto params = sized<bh_provider_handle_params>();
  params.handle = borrow_bytes(job);
  return call<bh_provider_destroy_result>(&bh_provider_v1::destroy, params, options,
                                          [](const auto& result) { return result.gone != 0; });
}

std::vector<OwnedJob> ProviderClient::list_owned(std::string_view tag,
                                                 const CallOptions& options) const {
  auto params = sized<bh_provider_list_params>();
  params.tag = borrow(tag);
  return call<bh_provider_list_result>(
      &bh_provider_v1::list_owned, params, options, [&](const auto& result) {
        std::vector<OwnedJob> jobs;
        jobs.reserve(result.job_count);
        for (std::size_t i = 0; i < result.job_count; ++i) {
          const bh_owned_job& job = result.jobs[i];
          jobs.push_back({text_of(job.intent), handle("list_owned", job.handle),
                          state("list_owned", job.state)});
        }
        return jobs;
      });
}

ProviderHealth ProviderClient::health(std::uint64_t after, std::chrono::nanoseconds wait,
                                      const CallOptions& options) const {
  auto params = sized<bh_provider_health_params>();
  params.after = after;
  params.wait_ns = wait.count();
  return call<bh_provider_health_result>(
      &bh_provider_v1::health, params, options, [](const auto& result) {
        return ProviderHealth{result.healthy != 0, result.number, text_of(result.message)};
      });
}

}  // namespace bulkhead
