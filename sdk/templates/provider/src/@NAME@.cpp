// @NAME@: a provider. Its jobs print their arguments and are over at once; put the calls of a real
// one in their place.
#include <bulkhead/sdk/provider.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

class @CLASS@ : public bulkhead::Provider {
 public:
  ProviderFacts info() const override { return {"@NAME@", "Jobs that say their arguments"}; }

  Quote quote(const Call&, const Job& job) const override {
    if (job.gpu_count != 0) throw PluginError(BH_UNSUPPORTED, "There are no GPUs here.");
    return {.available = true, .note = "free of charge"};
  }

  // The same intent is never two jobs: the first one is the answer to the second.
  std::string submit(const Call&, std::string_view intent, const Job& job) const override {
    if (job.arguments.empty()) {
      throw PluginError(BH_INVALID_ARGUMENT, "A job needs arguments: they are what it prints.");
    }
    std::string output;
    for (const std::string_view word : job.arguments) output += std::string(word) + "\n";
    const std::lock_guard lock(mutex_);
    const auto [at, added] = jobs_.emplace(intent, Made{std::string(job.tag), std::move(output)});
    return handle_of(at->first);
  }

  // BH_NOT_FOUND: the provider was asked, and has no such job. Where it can't be asked, throw
  // BH_UNAVAILABLE: then the host waits, and does not submit again.
  std::string find(const Call&, std::string_view intent) const override {
    const std::lock_guard lock(mutex_);
    if (!jobs_.contains(intent)) throw PluginError(BH_NOT_FOUND, "There is no such job.");
    return handle_of(intent);
  }

  // Starts nothing.
  std::string recover(const Call&, std::string_view handle) const override {
    job_of(handle);
    return std::string(handle);
  }

  JobStatus status(const Call&, std::string_view handle) const override {
    job_of(handle);
    return {.state = BH_JOB_SUCCEEDED, .exit_code = 0};
  }

  JobLog logs(const Call&, std::string_view handle, const LogRequest& request) const override {
    const std::string output = job_of(handle).output;
    const auto from = std::min<std::uint64_t>(request.after, output.size());
    const auto most = request.max_bytes == 0 ? output.size() : request.max_bytes;
    JobLog log;
    log.bytes = output.substr(from, most);
    log.next = request.after + log.bytes.size();
    log.ended = from + log.bytes.size() == output.size();
    return log;
  }

  void stop(const Call&, std::string_view, nanoseconds) const override {}

  // A job that does not exist is gone, too.
  bool destroy(const Call&, std::string_view handle) const override {
    const std::lock_guard lock(mutex_);
    jobs_.erase(std::string(intent_of(handle)));
    return true;
  }

  std::vector<OwnedJob> list_owned(const Call&, std::string_view tag) const override {
    const std::lock_guard lock(mutex_);
    std::vector<OwnedJob> owned;
    for (const auto& [intent, job] : jobs_) {
      if (job.tag == tag) owned.push_back({intent, handle_of(intent), BH_JOB_SUCCEEDED});
    }
    return owned;
  }

  Health health(const Call&) const override { return {true, "at your service"}; }

 private:
  // What a real provider would know of a job; this one forgets all when its process ends.
  struct Made {
    std::string tag, output;
  };

  // A handle begins with the version of what follows: a later plugin reads it.
  static constexpr std::string_view kVersion = "1 ";

  static std::string handle_of(std::string_view intent) {
    return std::string(kVersion) + std::string(intent);
  }
  static std::string_view intent_of(std::string_view handle) {
    if (!handle.starts_with(kVersion)) {
      throw PluginError(BH_DATA_INVALID, "This is no handle of @NAME@.");
    }
    return handle.substr(kVersion.size());
  }
  Made job_of(std::string_view handle) const {
    const std::string_view intent = intent_of(handle);
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(intent);
    if (found == jobs_.end()) throw PluginError(BH_NOT_FOUND, "There is no such job.");
    return found->second;
  }

  mutable std::mutex mutex_;
  mutable std::map<std::string, Made, std::less<>> jobs_;  // by intent
};

BULKHEAD_PLUGIN(@CLASS@);
