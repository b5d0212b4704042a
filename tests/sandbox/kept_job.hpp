// A command with a keeper, in a folder of the test's own.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/keep/start_keeper.hpp"

namespace bulkhead::test {

inline bool becomes_true(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// Processes with that name (`comm`) or, where `argument` is given, with that argument.
inline std::set<pid_t> processes_with(const std::string& argument) {
  std::set<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    std::ifstream file(entry.path() / "cmdline");
    std::string line;
    while (std::getline(file, line, '\0')) {
      if (line == argument) found.insert(std::stoi(name));
    }
  }
  return found;
}

class KeptJob {
 public:
  KeptJob() {
    char name[] = "/tmp/bulkhead-keep-XXXXXX";
    path_ = mkdtemp(name);
    std::ofstream(path_ + "/lock");
    folder_.reset(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  // Ends what still runs; the keeper is gone afterwards.
  ~KeptJob() {
    sandbox::stop_command(folder_.get(), std::chrono::seconds(0));
    becomes_true([&] { return !kept(); });
    std::filesystem::remove_all(path_);
  }
  KeptJob(const KeptJob&) = delete;

  sandbox::KeepReport start(const sandbox::KeepRequest& request) const {
    return sandbox::start_keeper(BULKHEAD_LAUNCHER_PROGRAM, path_, request);
  }
  static sandbox::KeepRequest shell(const std::string& script) {
    sandbox::KeepRequest request;
    request.arguments = {"/bin/sh", "-c", script};
    return request;
  }
  // Starts the script and waits for its end; returns the log.
  std::string run(const std::string& script) const { return run(shell(script)); }
  std::string run(const sandbox::KeepRequest& request) const {
    const sandbox::KeepReport report = start(request);
    if (report.outcome != sandbox::KeepReport::started) return sandbox::keep_failure(report);
    wait();
    return log();
  }
  void wait() const {
    becomes_true([&] { return !kept(); });
  }
  bool kept() const { return sandbox::is_claimed(folder_.get()); }
  bool has(const char* file) const { return sandbox::has_file(folder_.get(), file); }
  std::string read(const char* name) const {
    std::ifstream file(path_ + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string log() const { return read("log"); }
  std::string end() const { return read("end.json"); }
  int folder() const { return folder_.get(); }
  const std::string& path() const { return path_; }
  // The process that was told the folder and is in it; the inner pid 1 is elsewhere.
  std::set<pid_t> keepers() const {
    std::set<pid_t> found;
    for (const pid_t pid : processes_with(path_)) {
      std::error_code gone;
      const auto place =
          std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd", gone);
      if (place == path_) found.insert(pid);
    }
    return found;
  }

 private:
  std::string path_;
  wire::UniqueFd folder_;
};

}  // namespace bulkhead::test
