#include "host/runtime/development.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kMostOfLibrary = 32 << 20;
constexpr std::chrono::milliseconds kPoll{50};
constexpr uid_t kNobody = 65534;  // what the cells of a root host are

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string core_words(const std::string& folder) {
  const std::string pattern = first_line("/proc/sys/kernel/core_pattern");
  const std::string named = "kernel.core_pattern ('" + pattern + "')";
  if (pattern.starts_with('|')) {
    return "core dumps go to the program that " + named + " names: ask coredumpctl, or that one";
  }
  if (pattern.starts_with('/')) {
    return "there are no core dumps, since " + named +
           " is an absolute path, which a cell does not have (sysctl kernel.core_pattern=core)";
  }
  return folder.empty() ? "there are no core dumps, since their folder can't be used"
                        : "core dumps go to " + folder;
}

// The process that traces this one; 0: none. -1: the process is gone.
int tracer_of(int process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  constexpr std::string_view kKey = "TracerPid:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kKey)) return std::atoi(line.c_str() + kKey.size());
  }
  return -1;
}

}  // namespace

std::string sanitizer_runtime(const std::string& library) {
  std::ifstream file(library, std::ios::binary);
  std::string bytes(kMostOfLibrary, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  const std::string name = "libasan.so.";
  for (std::size_t at = 0; (at = bytes.find(name, at)) != std::string::npos; at += name.size()) {
    const std::size_t begin = at + name.size();
    const std::size_t end = bytes.find_first_not_of("0123456789", begin);
    const bool whole = end != std::string::npos && bytes[end] == '\0';
    if (whole && end > begin && end - begin <= 3) return bytes.substr(at, end - at);
  }
  return {};
}

std::string core_folder(const policy::Environment& environment) {
  const std::filesystem::path folder =
      std::filesystem::path(policy::state_folder(environment)) / "cores";
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  mkdir(folder.c_str(), 0700);
  struct stat status {};
  if (lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return {};
  const uid_t own = geteuid();
  const bool ours = status.st_uid == own || (own == 0 && status.st_uid == kNobody);
  return ours && (status.st_mode & 0022) == 0 ? folder.string() : std::string();
}

void announce_development(const PluginState& plugin, int process, const std::string& core_folder) {
  const std::string pid = std::to_string(process);
  plugin.log->write(0, BH_LOG_WARN,
                    "development cell, level 0, process " + pid + ": gdb -iex 'set sysroot /proc/" +
                        pid + "/root' /proc/" + pid + "/exe -p " + pid + "; " +
                        core_words(core_folder));
}

void wait_for_debugger(const PluginState& plugin, int process, std::int64_t timeout,
                       std::int64_t begun) {
  plugin.log->write(0, BH_LOG_WARN, "waiting for a debugger to attach, and to continue");
  for (;;) {
    const int tracer = tracer_of(process);
    if (tracer > 0) return;
    const char* why = nullptr;
    if (tracer < 0) why = "its cell ended while it waited for a debugger";
    if (plugin.core->closed.load()) why = "the host was closed while it waited for a debugger";
    if (wire::monotonic_now() - begun > timeout) {
      throw Error(Status::deadline_exceeded,
                  plugin.label +
                      ": no debugger was attached in time. Yama may forbid it: "
                      "kernel.yama.ptrace_scope must be 0 or 1");
    }
    if (why != nullptr) throw Error(Status::unavailable, plugin.label + ": " + why);
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace bulkhead::host
