// What the tests of the sandbox share: the launcher with the test cell in it, and one command's
// worth of talk with such a cell.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sandbox/launch/launcher.hpp"

namespace bulkhead::test {

// A package folder of its own for a test, readable for the user of a cell; removed at the end.
class PackageFolder {
 public:
  PackageFolder();
  ~PackageFolder();
  PackageFolder(const PackageFolder&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<sandbox::Launcher> start_launcher();
// The same, or null with a warning where this machine's level is below `level`.
std::unique_ptr<sandbox::Launcher> launcher_at(int level);

// One cell and the talk with it.
class TestCell {
 public:
  TestCell(sandbox::Launcher& launcher, const sandbox::CellRequest& request);
  TestCell(sandbox::Launcher& launcher, const std::string& folder);

  // The answer; "ended: was killed by SIGSYS: ..." where the cell ended instead of answering.
  std::string tell(const std::string& command);
  // Sends the command and does not wait.
  void send(const std::string& command);
  std::string ending();
  std::optional<sandbox::CellExit> wait_exit();
  const sandbox::CellProcess& process() const { return process_; }

 private:
  sandbox::Launcher& launcher_;
  sandbox::CellProcess process_;
};

// Children of this process, by id, and its open descriptors: what a test may not leave behind.
int count_children();
int count_descriptors();
// Whether the process is gone, after waiting for it for some seconds at most.
bool is_gone(pid_t pid);

}  // namespace bulkhead::test
