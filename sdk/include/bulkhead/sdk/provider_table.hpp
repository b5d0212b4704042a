// bulkhead/sdk/provider_table.hpp: a bulkhead::Provider as the C table "bulkhead.provider/1-draft".
// Included by provider.hpp; authors need nothing from here.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include <bulkhead/sdk/provider.hpp>

namespace bulkhead::sdk {

// The reports of a provider's health: a new number whenever the answer is another one.
class HealthReports {
 public:
  struct Report {
    std::uint64_t number = 0;
    Health health;
  };

  // The newest report. Where the caller has that one already it waits for another, `wait` at most.
  Report read(const Call& call, const Provider& provider, std::uint64_t after,
              std::chrono::nanoseconds wait) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::nanoseconds kPoll = std::chrono::milliseconds(5);
    const auto begin = Clock::now();
    for (;;) {
      const Report newest = take(provider.health(call));
      const auto asked = Clock::now();
      if (newest.number != after) return newest;
      const auto interval = std::max(provider.health_interval(), kPoll);
      for (auto now = asked; now - asked < interval; now = Clock::now()) {
        if (now - begin >= wait) return newest;
        call.check();
        std::this_thread::sleep_for(std::min(kPoll, wait - (now - begin)));
      }
    }
  }

 private:
  Report take(Health health) {
    const std::lock_guard lock(mutex_);
    if (newest_.number == 0 || newest_.health != health) {
      newest_ = {newest_.number + 1, std::move(health)};
    }
    return newest_;
  }

  std::mutex mutex_;
  Report newest_;
};

class ProviderInstance final : public InstanceBase {
 public:
  explicit ProviderInstance(std::unique_ptr<const Provider> provider)
      : provider_(std::move(provider)) {}

  const void* interface(std::string_view name) const noexcept override {
    return name == BH_PROVIDER_1 ? table() : nullptr;
  }

 private:
  static constexpr std::size_t kMaxIntent = 64, kMaxHandle = 4096;

  static const bh_provider_v1* table() noexcept {
    static constexpr bh_provider_v1 kTable = {sizeof(bh_provider_v1),
                                              0,
                                              info,
                                              quote,
                                              submit_job,
                                              find,
                                              recover,
                                              status,
                                              logs,
                                              stop,
                                              destroy,
                                              list_owned,
                                              health,
                                              nullptr};
    return &kTable;
  }
  static ProviderInstance& of(bh_instance* instance) noexcept {
    return static_cast<ProviderInstance&>(InstanceBase::of(instance));
  }
  static bh_text copy_text(const Call& call, std::string_view text) {
    return as_text(call.copy(text));
  }
  static bh_bytes copy_bytes(const Call& call, std::string_view bytes) {
    const std::string_view copy = call.copy(bytes);
    return {reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size()};
  }

  // --- what comes in ---
  [[noreturn]] static void refuse(const std::string& message) {
    throw PluginError(BH_INVALID_ARGUMENT, message);
  }
  static std::string_view intent_of(bh_text text) {
    const std::string_view intent = as_view(text);
    const bool fits = !intent.empty() && intent.size() <= kMaxIntent &&
                      std::all_of(intent.begin(), intent.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                      });
    if (!fits) refuse("An intent is 1 to 64 characters of a-z, 0-9 and \"-\".");
    return intent;
  }
  static std::string_view handle_of(bh_bytes bytes) {
    const std::string_view handle = as_view(bytes);
    if (handle.empty() || handle.size() > kMaxHandle) {
      throw PluginError(BH_DATA_INVALID, "A handle has 1 to 4096 bytes; this one has " +
                                             std::to_string(handle.size()) +
                                             ": it did not come from this plugin.");
    }
    return handle;
  }
  static std::chrono::nanoseconds time_of(std::int64_t ns, const char* what) {
    if (ns < 0) refuse(std::string(what) + " is negative.");
    return std::chrono::nanoseconds(ns);
  }
  static Job job_of(const bh_job_spec& spec) {
    Job job{.name = as_view(spec.name),
            .tag = as_view(spec.tag),
            .image = as_view(spec.image),
            .arguments = {},
            .environment = {},
            .gpu = as_view(spec.gpu),
            .gpu_count = spec.gpu_count,
            .gpu_memory = spec.gpu_memory,
            .cpus = spec.cpus,
            .memory = spec.memory,
            .timeout = time_of(spec.timeout_ns, "The job's timeout")};
    for (std::size_t i = 0; i < spec.argument_count; ++i) {
      job.arguments.push_back(as_view(spec.arguments[i]));
    }
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < spec.environment_count; ++i) {
      const bh_config_entry& entry = spec.environment[i];
      const std::string_view name = as_view(entry.key);
      if (entry.type != BH_VALUE_TEXT || name.empty() || name.find('=') != name.npos ||
          !names.insert(name).second) {
        refuse("The job's environment variable \"" + std::string(name) +
               "\" needs a name without \"=\", given once, and a value that is text.");
      }
      job.environment.emplace_back(name, as_view(entry.text));
    }
    return job;
  }

  // --- what goes out ---
  static bh_bytes handle_out(const Call& call, std::string_view handle) {
    if (handle.empty() || handle.size() > kMaxHandle) {
      throw PluginError(BH_INTERNAL, "The plugin made a handle of " +
                                         std::to_string(handle.size()) +
                                         " bytes; it must have 1 to 4096.");
    }
    return copy_bytes(call, handle);
  }
  static std::uint32_t state_out(std::uint32_t state) {
    if (state >= BH_JOB_QUEUED && state <= BH_JOB_GONE) return state;
    throw PluginError(BH_INTERNAL, "The plugin gave a job the state " + std::to_string(state) +
                                       ", which is none of BH_JOB_*.");
  }

  // --- the table ---
  static bh_status info(bh_call* raw, bh_instance* instance, const bh_empty*,
                        bh_provider_info_result* result) {
    return guarded(raw, [&] {
      check_struct(result, "bh_provider_info_result");
      const Call call(raw);
      const ProviderFacts facts = of(instance).provider_->info();
      result->name = copy_text(call, facts.name);
      result->description = copy_text(call, facts.description);
    });
  }

  static bh_status quote(bh_call* raw, bh_instance* instance,
                         const bh_provider_quote_params* params, bh_provider_quote_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_quote_params");
      check_struct(result, "bh_provider_quote_result");
      const Call call(raw);
      const Quote quote = of(instance).provider_->quote(call, job_of(params->job));
      result->available = quote.available ? 1 : 0;
      result->micros_per_hour = quote.micros_per_hour;
      result->currency = copy_text(call, quote.currency);
      result->quoted_at = quote.quoted_at;
      result->valid_until = quote.valid_until;
      result->note = copy_text(call, quote.note);
    });
  }

  static bh_status submit_job(bh_call* raw, bh_instance* instance,
                              const bh_provider_submit_params* params,
                              bh_provider_handle_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_submit_params");
      check_struct(result, "bh_provider_handle_result");
      const Call call(raw);
      const std::string_view intent = intent_of(params->intent);
      const Job job = job_of(params->job);
      result->handle = handle_out(call, of(instance).provider_->submit(call, intent, job));
    });
  }

  static bh_status find(bh_call* raw, bh_instance* instance, const bh_provider_find_params* params,
                        bh_provider_handle_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_find_params");
      check_struct(result, "bh_provider_handle_result");
      const Call call(raw);
      result->handle =
          handle_out(call, of(instance).provider_->find(call, intent_of(params->intent)));
    });
  }

  static bh_status recover(bh_call* raw, bh_instance* instance,
                           const bh_provider_handle_params* params,
                           bh_provider_handle_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_handle_params");
      check_struct(result, "bh_provider_handle_result");
      const Call call(raw);
      result->handle =
          handle_out(call, of(instance).provider_->recover(call, handle_of(params->handle)));
    });
  }

  static bh_status status(bh_call* raw, bh_instance* instance,
                          const bh_provider_handle_params* params,
                          bh_provider_status_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_handle_params");
      check_struct(result, "bh_provider_status_result");
      const Call call(raw);
      const JobStatus status = of(instance).provider_->status(call, handle_of(params->handle));
      result->state = state_out(status.state);
      result->reason = status.reason;
      result->exit_code = status.exit_code;
      result->started_at = status.started_at;
      result->ended_at = status.ended_at;
      result->micros_spent = status.micros_spent;
      result->message = copy_text(call, status.message);
    });
  }

  static bh_status logs(bh_call* raw, bh_instance* instance, const bh_provider_logs_params* params,
                        bh_provider_logs_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_logs_params");
      check_struct(result, "bh_provider_logs_result");
      const Call call(raw);
      const LogRequest request{params->after, params->max_bytes,
                               time_of(params->wait_ns, "The time to wait for a log")};
      const JobLog log = of(instance).provider_->logs(call, handle_of(params->handle), request);
      result->ended = log.ended ? 1 : 0;
      result->next = log.next;
      result->bytes = copy_bytes(call, log.bytes);
    });
  }

  static bh_status stop(bh_call* raw, bh_instance* instance, const bh_provider_stop_params* params,
                        bh_empty*) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_stop_params");
      of(instance).provider_->stop(Call(raw), handle_of(params->handle),
                                   time_of(params->grace_ns, "The grace time"));
    });
  }

  static bh_status destroy(bh_call* raw, bh_instance* instance,
                           const bh_provider_handle_params* params,
                           bh_provider_destroy_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_handle_params");
      check_struct(result, "bh_provider_destroy_result");
      result->gone = of(instance).provider_->destroy(Call(raw), handle_of(params->handle)) ? 1 : 0;
    });
  }

  static bh_status list_owned(bh_call* raw, bh_instance* instance,
                              const bh_provider_list_params* params,
                              bh_provider_list_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_list_params");
      check_struct(result, "bh_provider_list_result");
      const Call call(raw);
      const auto owned = of(instance).provider_->list_owned(call, as_view(params->tag));
      auto* jobs = call.allocate_array<bh_owned_job>(owned.size());
      for (std::size_t i = 0; i < owned.size(); ++i) {
        jobs[i] = {copy_text(call, owned[i].intent), handle_out(call, owned[i].handle),
                   state_out(owned[i].state), 0};
      }
      result->jobs = jobs;
      result->job_count = owned.size();
    });
  }

  static bh_status health(bh_call* raw, bh_instance* instance,
                          const bh_provider_health_params* params,
                          bh_provider_health_result* result) {
    return guarded(raw, [&] {
      check_struct(params, "bh_provider_health_params");
      check_struct(result, "bh_provider_health_result");
      const Call call(raw);
      ProviderInstance& self = of(instance);
      const auto wait = time_of(params->wait_ns, "The time to wait for a report");
      const HealthReports::Report report =
          self.reports_.read(call, *self.provider_, params->after, wait);
      result->healthy = report.health.healthy ? 1 : 0;
      result->number = report.number;
      result->message = copy_text(call, report.health.message);
    });
  }

  std::unique_ptr<const Provider> provider_;
  HealthReports reports_;
};

}  // namespace bulkhead::sdk
