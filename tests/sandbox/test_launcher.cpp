#include "tests/sandbox/test_launcher.hpp"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <fstream>
#include <thread>

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
constexpr int kAnswerTime = 30'000;  // milliseconds; far above what is needed

}  // namespace

PackageFolder::PackageFolder() {
  std::string name = (fs::temp_directory_path() / "bulkhead-test-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = name;
  fs::permissions(path_, fs::perms(0755));
  std::ofstream(path_ / "data.txt") << "data of the package";
}

PackageFolder::~PackageFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::unique_ptr<sandbox::Launcher> start_launcher() {
  return sandbox::Launcher::start(BULKHEAD_TEST_LAUNCHER);
}

std::unique_ptr<sandbox::Launcher> launcher_at(int level) {
  auto launcher = start_launcher();
  if (launcher->probe_level().number < level) {
    WARN("this machine gives no level " << level);
    return nullptr;
  }
  return launcher;
}

TestCell::TestCell(sandbox::Launcher& launcher, const sandbox::CellRequest& request)
    : launcher_(launcher), process_(launcher.spawn(request)) {}

TestCell::TestCell(sandbox::Launcher& launcher, const std::string& folder)
    : TestCell(launcher, [&] {
        sandbox::CellRequest request;
        request.package_folder = folder;
        return request;
      }()) {}

void TestCell::send(const std::string& command) {
  REQUIRE(::send(process_.socket.get(), command.data(), command.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(command.size()));
}

std::string TestCell::tell(const std::string& command) {
  send(command);
  pollfd answer{process_.socket.get(), POLLIN, 0};
  REQUIRE(poll(&answer, 1, kAnswerTime) == 1);
  char text[4096];
  const ssize_t size = recv(process_.socket.get(), text, sizeof text, 0);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "ended: " + ending();
}

std::optional<sandbox::CellExit> TestCell::wait_exit() {
  return launcher_.wait_exit(process_.id, std::chrono::milliseconds(kAnswerTime));
}

std::string TestCell::ending() {
  const auto exit = wait_exit();
  return exit ? sandbox::describe_exit(*exit) : "not at all";
}

int count_children() {
  int count = 0;
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::ifstream children(task.path() / "children");
    for (pid_t pid; children >> pid;) ++count;
  }
  return count;
}

int count_descriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

bool is_gone(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    if (kill(pid, 0) != 0) return true;
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(status, line);
    // A zombie that nobody reaps is gone, too: where init of a container does not.
    if (line.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace bulkhead::test
