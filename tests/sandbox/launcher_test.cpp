// The life of a launcher and of its cells, seen from a host.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "tests/sandbox/test_launcher.hpp"

namespace bulkhead::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

std::string run_program(const std::string& command, int& status) {
  std::string out;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  char text[512];
  while (const std::size_t size = fread(text, 1, sizeof text, pipe)) out.append(text, size);
  status = pclose(pipe);
  return out;
}

}  // namespace

TEST_CASE("the launcher started by hand says what it is") {
  int status = 0;
  CHECK_THAT(run_program(std::string(BULKHEAD_TEST_LAUNCHER) + " 3<&-", status),
             Contains("nothing when started by hand"));
  CHECK(WEXITSTATUS(status) == 64);
  CHECK_THAT(run_program(std::string(BULKHEAD_TEST_LAUNCHER) + " --version", status),
             StartsWith("bulkhead-launcher 0."));
  CHECK(status == 0);
}

TEST_CASE("a launcher that is not there is a sentence") {
  CHECK_THROWS_WITH(sandbox::Launcher::start("/nonexistent/launcher"),
                    Contains("/nonexistent/launcher") && Contains("No such file"));
  CHECK_THROWS_WITH(sandbox::Launcher::start("/bin/true"), Contains("ended at once"));
  CHECK(count_children() == 0);
}

TEST_CASE("a package folder that is not there is a sentence") {
  const auto launcher = start_launcher();
  sandbox::CellRequest request;
  request.package_folder = "/nonexistent/package";
  CHECK_THROWS_WITH(launcher->spawn(request),
                    Contains("/nonexistent/package") && Contains("No such file"));
  request.package_folder = "relative";
  CHECK_THROWS_WITH(launcher->spawn(request), Contains("no absolute path"));
  request.package_folder = "/etc/hostname";
  CHECK_THROWS_WITH(launcher->spawn(request), Contains("Not a directory"));
  request.package_folder = "/usr/lib";
  request.limits.memory_bytes = 1 << 20;
  CHECK_THROWS_WITH(launcher->spawn(request), Contains("at least 64 MiB"));
  CHECK(launcher->alive());
}

TEST_CASE("a profile of another kind of build is refused") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  sandbox::CellRequest request;
  request.package_folder = package.path();
  request.profile = sandbox::default_profile() == sandbox::Profile::strict
                        ? sandbox::Profile::sanitizer_test
                        : sandbox::Profile::strict;
  CHECK_THROWS_WITH(launcher->spawn(request), Contains("sanitizers"));
}

TEST_CASE("a cell's ending is what the cell proper did") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  const auto ending = [&](const std::string& command) {
    return TestCell(*launcher, package.path()).tell(command);
  };
  CHECK(ending("exit 3") == "ended: exited with code 3");
  if (sandbox::default_profile() == sandbox::Profile::strict) {  // sanitizers catch these
    CHECK_THAT(ending("abort"), StartsWith("ended: was killed by SIGABRT"));
    CHECK_THAT(ending("crash"), StartsWith("ended: was killed by SIGSEGV"));
  }
}

TEST_CASE("a closed socket ends a cell, with its usage") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  REQUIRE(cell.tell("thread") == "42");
  REQUIRE(shutdown(cell.process().socket.get(), SHUT_RDWR) == 0);
  const auto exit = cell.wait_exit();
  REQUIRE(exit);
  CHECK(sandbox::describe_exit(*exit) == "exited with code 0");
  CHECK(exit->max_rss_kib > 500);
  CHECK(exit->max_rss_kib < 4 << 20);
  // It can be asked again; a cell that never was, too.
  CHECK(launcher->wait_exit(cell.process().id, std::chrono::milliseconds(0)));
  CHECK_FALSE(launcher->wait_exit(987654, std::chrono::milliseconds(0)));
}

TEST_CASE("a running cell has no exit") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  const TestCell cell(*launcher, package.path());
  CHECK_FALSE(launcher->wait_exit(cell.process().id, std::chrono::milliseconds(1)));
}

TEST_CASE("what a cell prints comes through its log") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  REQUIRE(cell.tell("print") == "ok");
  char text[64];
  const ssize_t size = read(cell.process().log.get(), text, sizeof text);
  REQUIRE(size > 0);
  CHECK(std::string(text, static_cast<std::size_t>(size)) == "to the log\n");
  CHECK(fcntl(cell.process().log.get(), F_GETFL) & O_NONBLOCK);
  CHECK(fcntl(cell.process().socket.get(), F_GETFL) & O_NONBLOCK);
}

TEST_CASE("SIGKILL hits the cell proper, by its number and by its descriptor") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  TestCell by_number(*launcher, package.path());
  by_number.send("hang");
  REQUIRE(kill(by_number.process().pid, SIGKILL) == 0);
  CHECK_THAT(by_number.ending(), StartsWith("was killed by SIGKILL"));

  TestCell by_descriptor(*launcher, package.path());
  by_descriptor.send("hang");
  REQUIRE(syscall(SYS_pidfd_send_signal, by_descriptor.process().pidfd.get(), SIGKILL, nullptr,
                  0) == 0);
  CHECK_THAT(by_descriptor.ending(), StartsWith("was killed by SIGKILL"));
  CHECK(is_gone(by_descriptor.process().pid));
}

TEST_CASE("a cell's memory is readable from its number") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  REQUIRE(cell.tell("thread") == "42");
  const std::string folder = "/proc/" + std::to_string(cell.process().pid);
  long pages = 0, resident = 0;
  std::ifstream(folder + "/statm") >> pages >> resident;
  CHECK(resident > 0);
  if (geteuid() == 0) {
    std::string first;
    std::getline(std::ifstream(folder + "/smaps_rollup"), first);
    CHECK_FALSE(first.empty());
  }
}

TEST_CASE("a hundred cells leave no descriptor and no process") {
  const PackageFolder package;
  const int descriptors_before = count_descriptors();
  {
    const auto launcher = start_launcher();
    const int with_launcher = count_descriptors();
    std::vector<pid_t> pids;
    for (int i = 0; i < 100; ++i) {
      TestCell cell(*launcher, package.path());
      pids.push_back(cell.process().pid);
      if (i % 3 == 0) cell.send("exit 0");
      if (i % 3 == 1) kill(cell.process().pid, SIGKILL);
    }  // the others see their socket closed
    for (const pid_t pid : pids) CHECK(is_gone(pid));
    CHECK(count_descriptors() == with_launcher);
    // It lets go of a cell's descriptors once it has noticed its end.
    const std::filesystem::path open = "/proc/" + std::to_string(launcher->pid()) + "/fd";
    long launcher_descriptors = 0;
    for (int tries = 0; tries < 500; ++tries) {
      launcher_descriptors = std::distance(std::filesystem::directory_iterator(open), {});
      if (launcher_descriptors <= 10) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    CHECK(launcher_descriptors <= 10);
  }
  CHECK(count_descriptors() == descriptors_before);
  CHECK(count_children() == 0);
}

TEST_CASE("cells are started from many threads at once") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        sandbox::CellRequest request;
        request.package_folder = package.path();
        const sandbox::CellProcess cell = launcher->spawn(request);
        if (kill(cell.pid, SIGKILL) != 0) continue;
        if (launcher->wait_exit(cell.id, std::chrono::seconds(30))) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == 40);
}

TEST_CASE("when the launcher is killed its cells are gone and a start is an error") {
  const auto launcher = start_launcher();
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  cell.send("hang");
  CHECK(launcher->alive());
  REQUIRE(kill(launcher->pid(), SIGKILL) == 0);
  CHECK(is_gone(cell.process().pid));
  CHECK_THAT(cell.ending(), StartsWith("was killed by SIGKILL"));
  sandbox::CellRequest request;
  request.package_folder = package.path();
  CHECK_THROWS_WITH(launcher->spawn(request), Contains("has ended"));
  CHECK_FALSE(launcher->alive());
}

TEST_CASE("when a launcher is closed its cells are gone") {
  const PackageFolder package;
  pid_t cell_pid = 0, launcher_pid = 0;
  {
    const auto launcher = start_launcher();
    launcher_pid = launcher->pid();
    TestCell cell(*launcher, package.path());
    cell.send("hang");
    cell_pid = cell.process().pid;
  }
  CHECK(kill(launcher_pid, 0) != 0);
  CHECK(is_gone(cell_pid));
}

TEST_CASE("when the host is killed the launcher and the cells are gone") {
  const PackageFolder package;
  int report[2];
  REQUIRE(pipe(report) == 0);
  const pid_t host = fork();
  if (host == 0) {
    const auto launcher = start_launcher();
    TestCell cell(*launcher, package.path());
    cell.send("hang");
    // A child that holds copies of everything the host has: no end of file for the launcher.
    const pid_t copy = fork();
    if (copy == 0) {
      for (;;) pause();
    }
    const pid_t pids[3] = {launcher->pid(), cell.process().pid, copy};
    if (write(report[1], pids, sizeof pids) != sizeof pids) _exit(1);
    for (;;) pause();
  }
  pid_t pids[3] = {};
  REQUIRE(read(report[0], pids, sizeof pids) == sizeof pids);
  REQUIRE(kill(host, SIGKILL) == 0);
  REQUIRE(waitpid(host, nullptr, 0) == host);
  CHECK(is_gone(pids[0]));
  CHECK(is_gone(pids[1]));
  kill(pids[2], SIGKILL);
  close(report[0]);
  close(report[1]);
}

TEST_CASE("an application that ignores SIGCHLD, or has children of its own, is left alone") {
  const PackageFolder package;
  const pid_t application = fork();
  if (application == 0) {
    signal(SIGCHLD, SIG_IGN);
    {
      const auto launcher = start_launcher();
      TestCell cell(*launcher, package.path());
      if (cell.tell("exit 3") != "ended: exited with code 3") _exit(1);
    }
    signal(SIGCHLD, SIG_DFL);
    const pid_t own = fork();
    if (own == 0) _exit(9);
    { const auto launcher = start_launcher(); }
    int status = 0;
    _exit(waitpid(own, &status, 0) == own && WEXITSTATUS(status) == 9 ? 0 : 2);
  }
  int status = 0;
  REQUIRE(waitpid(application, &status, 0) == application);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a fork of the host can't use its launcher, and does not end it") {
  auto launcher = start_launcher();
  const PackageFolder package;
  const pid_t copy = fork();
  if (copy == 0) {
    int code = 1;
    try {
      sandbox::CellRequest request;
      request.package_folder = package.path();
      launcher->spawn(request);
    } catch (const sandbox::LaunchError&) {
      code = 0;
    }
    launcher.reset();
    _exit(code);
  }
  int status = 0;
  REQUIRE(waitpid(copy, &status, 0) == copy);
  CHECK(WEXITSTATUS(status) == 0);
  TestCell cell(*launcher, package.path());
  CHECK(cell.tell("exit 3") == "ended: exited with code 3");
}

TEST_CASE("a launcher works where the application has closed its standard descriptors") {
  const PackageFolder package;
  const pid_t application = fork();
  if (application == 0) {
    for (const int descriptor : {0, 1, 2}) close(descriptor);
    const auto launcher = start_launcher();
    TestCell cell(*launcher, package.path());
    _exit(cell.tell("exit 3") == "ended: exited with code 3" ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(application, &status, 0) == application);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("an ending is described for a person") {
  const auto text = [](int status) { return sandbox::describe_exit({status, 0, 0}); };
  CHECK(text(SIGSEGV) == "was killed by SIGSEGV (invalid memory access)");
  CHECK(text(3 << 8) == "exited with code 3");
  CHECK_THAT(text(SIGSYS), StartsWith("was killed by SIGSYS: it made a system call"));
  CHECK(text(SIGTERM) == "was killed by SIGTERM");
}

}  // namespace bulkhead::test
