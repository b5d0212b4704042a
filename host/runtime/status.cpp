#include "host/runtime/status.hpp"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <nlohmann/json.hpp>

namespace bulkhead::host {
namespace {

struct Memory {
  std::uint64_t rss_kib = 0, private_kib = 0;
};

// Of a process that may be a stranger's to this user: 0 where the kernel does not tell.
Memory memory_of(int process) {
  Memory memory;
  std::ifstream rollup("/proc/" + std::to_string(process) + "/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    const auto value = [&] { return std::stoull(line.substr(line.find(':') + 1)); };
    if (line.starts_with("Rss:")) memory.rss_kib = value();
    if (line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:")) {
      memory.private_kib += value();
    }
  }
  if (memory.rss_kib == 0) {
    std::ifstream statm("/proc/" + std::to_string(process) + "/statm");
    std::uint64_t size = 0, resident = 0;
    if (statm >> size >> resident) {
      memory.rss_kib = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
    }
  }
  return memory;
}

}  // namespace

std::string utc_now() {
  const time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string status_json(const std::string& name, const std::string& started,
                        const std::vector<std::shared_ptr<PluginState>>& plugins) {
  using nlohmann::json;
  json list = json::array();
  for (const auto& plugin : plugins) {
    Backend& backend = *plugin->backend;
    const Level level = backend.level();
    const int process = backend.process();
    const Memory memory = process != 0 ? memory_of(process) : Memory{};
    list.push_back({{"id", plugin->info.id},
                    {"version", plugin->info.version},
                    {"isolation", policy::mode_name(plugin->decision.mode)},
                    {"level", level.number},
                    {"level_enforced", level.enforced},
                    {"process", process},
                    {"state", backend.state()},
                    {"calls", plugin->counters.calls()},
                    {"errors", plugin->counters.errors()},
                    {"in_flight", plugin->in_flight.count()},
                    {"restarts", backend.restarts()},
                    {"rss_kib", memory.rss_kib},
                    {"private_kib", memory.private_kib}});
  }
  const json document = {{"format", 1},        {"pid", getpid()},
                         {"name", name},       {"version", host_version()},
                         {"started", started}, {"plugins", list}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace bulkhead::host
