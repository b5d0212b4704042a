// A provider for tests: jobs are entries of a map, and do what their first argument says.
#include <bulkhead/sdk/provider.hpp>

#include <cstdlib>
#include <map>
#include <mutex>

namespace {

using std::to_string;

class Paper final : public bulkhead::Provider {
 public:
  ProviderFacts info() const override { return {"paper", "jobs on paper"}; }

  Quote quote(const Call& call, const Job& job) const override {
    act(call, job);
    if (job.cpus > 64) throw PluginError(BH_UNSUPPORTED, "Paper has 64 CPUs; ask for fewer.");
    return {.available = job.cpus < 64,
            .micros_per_hour = 1000 * job.cpus,
            .currency = "EUR",
            .quoted_at = 1700000000,
            .valid_until = 1700003600,
            .note = std::string(job.gpu)};
  }

  std::string submit(const Call& call, std::string_view intent, const Job& job) const override {
    act(call, job);
    const std::lock_guard lock(mutex_);
    Entry entry{std::string(job.tag), text_of(job), BH_JOB_SUCCEEDED, handle_of(intent, job)};
    if (is(job, "run")) entry.state = BH_JOB_RUNNING;
    return jobs_.try_emplace(std::string(intent), std::move(entry)).first->second.handle;
  }

  std::string find(const Call&, std::string_view intent) const override {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(intent);
    if (found == jobs_.end()) throw PluginError(BH_NOT_FOUND, "Nothing on paper has that intent.");
    return found->second.handle;
  }

  std::string recover(const Call& call, std::string_view handle) const override {
    if (handle.starts_with("v9:")) throw PluginError(BH_VERSION_MISMATCH, "A later paper.");
    with(handle, [](Entry&) {});
    call.progress(1, 1);
    return std::string(handle);
  }

  JobStatus status(const Call&, std::string_view handle) const override {
    JobStatus status;
    with(handle, [&](Entry& entry) {
      const bool stopped = entry.state == BH_JOB_FAILED;
      status = {.state = entry.state,
                .reason = static_cast<std::uint32_t>(stopped ? BH_REASON_STOPPED : BH_REASON_NONE),
                .exit_code = stopped ? 128 + 15 : 0,
                .started_at = 5,
                .ended_at = entry.state == BH_JOB_RUNNING ? 0 : 7,
                .micros_spent = 11,
                .message = "on paper"};
    });
    return status;
  }

  JobLog logs(const Call& call, std::string_view handle, const LogRequest& request) const override {
    JobLog log;
    const auto begin = std::chrono::steady_clock::now();
    do {
      with(handle, [&](Entry& entry) {
        const std::size_t from = std::min<std::size_t>(request.after, entry.log.size());
        const std::uint64_t most = request.max_bytes == 0 ? UINT64_MAX : request.max_bytes;
        log.bytes = entry.log.substr(from, most);
        log.next = from + log.bytes.size();
        log.ended = entry.state != BH_JOB_RUNNING && log.next == entry.log.size();
      });
      if (!log.bytes.empty() || log.ended) break;
      call.check();
    } while (std::chrono::steady_clock::now() - begin < request.wait);
    return log;
  }

  void stop(const Call&, std::string_view handle, nanoseconds grace) const override {
    with(handle, [&](Entry& entry) {
      if (entry.state != BH_JOB_RUNNING) return;
      entry.state = BH_JOB_FAILED;
      entry.log += "stopped, grace " + to_string(grace.count());
    });
  }

  bool destroy(const Call&, std::string_view handle) const override {
    const std::lock_guard lock(mutex_);
    std::erase_if(jobs_, [&](const auto& job) { return job.second.handle == handle; });
    return true;
  }

  std::vector<OwnedJob> list_owned(const Call&, std::string_view tag) const override {
    const std::lock_guard lock(mutex_);
    std::vector<OwnedJob> owned;
    for (const auto& [intent, entry] : jobs_) {
      if (entry.tag == tag) owned.push_back({intent, entry.handle, entry.state});
    }
    return owned;
  }

  Health health(const Call&) const override {
    const std::lock_guard lock(mutex_);
    return {jobs_.size() < 2, to_string(jobs_.size()) + " jobs"};
  }
  nanoseconds health_interval() const override { return std::chrono::milliseconds(1); }

 private:
  struct Entry {
    std::string tag, log;
    std::uint32_t state = 0;
    std::string handle;
  };

  static bool is(const Job& job, std::string_view what) {
    return !job.arguments.empty() && job.arguments[0] == what;
  }

  static void act(const Call& call, const Job& job) {
    if (is(job, "die")) std::abort();
    if (is(job, "throw")) {
      throw PluginError(std::atoi(std::string(job.arguments.at(1)).c_str()), "As the job says.");
    }
    if (is(job, "wait")) {
      call.progress(1, 2);
      for (;;) call.check();
    }
  }

  // Everything that a job is, as text: what a test sees of the marshalling.
  static std::string text_of(const Job& job) {
    if (is(job, "big"))
      return std::string(std::strtoull(job.arguments[1].data(), nullptr, 10), 'x');
    std::string text = std::string(job.name) + "|" + std::string(job.image) + "|" +
                       std::string(job.gpu) + "|" + to_string(job.gpu_count) + "|" +
                       to_string(job.gpu_memory) + "|" + to_string(job.cpus) + "|" +
                       to_string(job.memory) + "|" + to_string(job.timeout.count()) + "|";
    for (const auto argument : job.arguments) text += "[" + std::string(argument) + "]";
    for (const auto& [name, value] : job.environment) {
      text += "{" + std::string(name) + "=" + std::string(value) + "}";
    }
    return text;
  }

  static std::string handle_of(std::string_view intent, const Job& job) {
    if (is(job, "handle")) {
      return std::string(std::strtoull(job.arguments[1].data(), nullptr, 10), '\xff');
    }
    return std::string("v1:\0", 4) + std::string(intent);
  }

  template <class Body>
  void with(std::string_view handle, Body&& body) const {
    const std::lock_guard lock(mutex_);
    for (auto& [intent, entry] : jobs_) {
      if (entry.handle == handle) return body(entry);
    }
    throw PluginError(BH_NOT_FOUND, "Nothing on paper has that handle.");
  }

  mutable std::mutex mutex_;
  mutable std::map<std::string, Entry, std::less<>> jobs_;
};

}  // namespace

BULKHEAD_PLUGIN(Paper);
