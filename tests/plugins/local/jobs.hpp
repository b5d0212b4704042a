// Plugin local, granted, and what its tests do with jobs.
#pragma once

#include <filesystem>
#include <string>
#include <thread>
#include <bulkhead/provider_client.hpp>

#include "tests/fixture/both_modes.hpp"

namespace bulkhead::test {

constexpr const char* kGrantCommands =
    "[[rule]]\nmatch = \"local\"\ngrants = { commands = true }\n";

inline JobSpec shell(const std::string& script) { return {.arguments = {"/bin/sh", "-c", script}}; }

// To its end.
inline std::string whole_log(const ProviderClient& local, const std::string& handle) {
  std::string all;
  for (;;) {
    const JobLog log = local.logs(handle, all.size(), std::chrono::seconds(30));
    all += log.bytes;
    if (log.ended) return all;
  }
}

inline JobStatus wait(const ProviderClient& local, const std::string& handle) {
  JobStatus status;
  eventually([&] {
    status = local.status(handle);
    return !status.running();
  });
  return status;
}

// A host whose policy grants commands to local. At the end no command is left.
template <class Base>
struct WithJobs : Base {
  WithJobs() { this->policy(kGrantCommands); }
  ~WithJobs() { CHECK(left() == ""); }
  WithJobs(const WithJobs&) = delete;

  ProviderClient open(const Config& config = {}) {
    return ProviderClient(this->load("local").open(config));
  }
  // What is in the state folder beside the file that orders starts.
  std::string left() const {
    std::string names;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(
             this->folder().path() / "state/bulkhead/commands/local", none)) {
      const std::string name = entry.path().filename();
      if (name != ".turn") names += name + " ";
    }
    return names;
  }
};

}  // namespace bulkhead::test
