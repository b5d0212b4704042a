// A cell whose plugin is an executable: how it starts, what it finds, what it may not do.
#include <signal.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/sandbox/test_launcher.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

const std::string kKilled =
    "ended: was killed by SIGSYS: it made a system call that the sandbox does not allow";

// A package with the test's program as bin/program.
struct ExecutablePackage : PackageFolder {
  ExecutablePackage() {
    fs::create_directory(fs::path(path()) / "bin");
    fs::copy_file(BULKHEAD_TEST_EXECUTABLE, fs::path(path()) / "bin/program");
  }
  void write(const std::string& name, const std::string& text, unsigned mode = 0755) const {
    std::ofstream(fs::path(path()) / name) << text;
    fs::permissions(fs::path(path()) / name, fs::perms(mode));
  }
  sandbox::CellRequest request(std::string entry = "bin/program",
                               std::string interpreter = "") const {
    sandbox::CellRequest request;
    request.package_folder = path();
    request.program = {std::move(entry), std::move(interpreter)};
    return request;
  }
};

}  // namespace

TEST_CASE("an executable runs in a cell, with four descriptors and the number of its socket") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  TestCell cell(*launcher, package.request());
  CHECK(cell.tell("descriptors") == "0 1 2 3 ");
  CHECK(cell.tell("environment") == "BULKHEAD_SOCKET=3");
  CHECK(cell.tell("thread") == "42");
  const std::string root = cell.process().root;
  CHECK(cell.tell("read " + root + "/data.txt") == "data of the package");
  CHECK(cell.tell("write " + root + "/new.txt") == "EACCES");
  CHECK(cell.tell("print") == "ok");
  CHECK(cell.tell("dlopen libm.so.6") == "ok");
  CHECK(cell.tell("exit 3") == "ended: exited with code 3");
}

TEST_CASE("the level of an executable says what is weaker") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  const TestCell cell(*launcher, package.request());
  const sandbox::Level& level = cell.process().level;
  CHECK(level.number == launcher->probe_level().number);
  const auto about = [](const std::vector<std::string>& sentences, const std::string& words) {
    return std::any_of(sentences.begin(), sentences.end(), [&](const std::string& sentence) {
      return sentence.find(words) != std::string::npos;
    });
  };
  CHECK(about(level.enforced, "system call filter (seccomp) for an executable"));
  CHECK(about(level.missing, "the narrower filter"));
}

TEST_CASE("an executable is executed once") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  sandbox::CellRequest request = package.request();
  request.limits.descriptors = 100;
  TestCell cell(*launcher, request);
  CHECK(cell.tell("duplicate-to 99") == "ok");
  CHECK(cell.tell("duplicate-to 100") == "EBADF");
  CHECK(cell.tell("exec-again 100") == "EBADF");
  CHECK(cell.tell("exec-again 99") == kKilled);
}

TEST_CASE("an executable is killed for what it may not do") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  const std::pair<std::string, std::string> attempts[] = {
      {"socket-inet", kKilled},
      {"socket-unix", kKilled},
      {"fork", "EPERM"},
      {"vfork", "EPERM"},
      {"posix-spawn", "EPERM"},
      {"exec", kKilled},
      {"clone-user", kKilled},
      {"unshare", kKilled},
      {"make-executable", kKilled},
      {"map-writable-code", kKilled},
      {"map-anonymous-code", kKilled},
      {"ptrace", kKilled},
      {"kill 1", kKilled},
      {"kill -1", kKilled},
      {"kill-self", "ok"},
      {"set-dumpable", kKilled},
      {"new-filter", kKilled},
      {"set-limit", "EPERM"},
      {"limit-of-other", "EPERM"},
      {"list /", "EACCES"},
      {"call " + std::to_string(SYS_memfd_create), kKilled},
      {"call " + std::to_string(SYS_io_uring_setup), kKilled},
      {"call " + std::to_string(SYS_process_vm_writev), kKilled},
      {"call " + std::to_string(SYS_mount), kKilled},
      {"call " + std::to_string(SYS_personality), kKilled},
      {"call " + std::to_string(SYS_connect), kKilled},
  };
  for (const auto& [command, answer] : attempts) {
    CAPTURE(command);
    TestCell cell(*launcher, package.request());
    CHECK(cell.tell(command) == answer);
  }
}

TEST_CASE("the limits of a cell hold for an executable") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  sandbox::CellRequest request = package.request();
  request.limits.memory_bytes = std::uint64_t{512} << 20;
  request.limits.threads = 6;
  TestCell cell(*launcher, request);
  CHECK(cell.tell("allocate 1000000000") == "ENOMEM");
  CHECK(cell.tell("descriptor-flood") == "EMFILE");
  if (launcher->probe_level().number >= 2) CHECK(cell.tell("threads") == "6");
}

TEST_CASE("an executable dies with its launcher") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  TestCell cell(*launcher, package.request());
  REQUIRE(cell.tell("thread") == "42");
  REQUIRE(kill(launcher->pid(), SIGKILL) == 0);
  CHECK(is_gone(cell.process().pid));
}

TEST_CASE("the private root of an executable holds no programs") {
  const auto launcher = launcher_at(2);
  if (!launcher) return;
  const ExecutablePackage package;
  TestCell cell(*launcher, package.request());
  CHECK(cell.tell("open /usr/bin") == "ENOENT");
  CHECK(cell.tell("open /etc/passwd") == "ENOENT");
  CHECK(cell.tell("open /proc/self/maps") == "ENOENT");
  CHECK(cell.tell("mount /package") == "read-only nosuid nodev ");
  CHECK(cell.tell("identity") == "1000 1000 2");
}

TEST_CASE("a script runs with an interpreter of the list") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  package.write("bin/echo.py", "import os\nos.write(3, os.read(3, 100).upper())\n", 0644);
  if (!fs::exists("/usr/bin/python3")) {
    CHECK_THROWS_WITH(launcher->spawn(package.request("bin/echo.py", "python3")),
                      Contains("interpreter"));
    return;
  }
  TestCell cell(*launcher, package.request("bin/echo.py", "python3"));
  CHECK(cell.tell("hello") == "HELLO");
  CHECK(cell.ending() == "exited with code 0");
}

TEST_CASE("an executable that can't start is an error of its start, and leaves nothing behind") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  package.write("bin/text", "no program\n");
  package.write("bin/script", "#!/bin/sh\nexit 0\n");
  package.write("bin/plain", "no program\n", 0644);
  const int children = count_children(), descriptors = count_descriptors();
  const auto error = [&](const std::string& entry, const std::string& interpreter = "") {
    try {
      launcher->spawn(package.request(entry, interpreter));
    } catch (const sandbox::LaunchError& failed) {
      return std::string(failed.what());
    }
    return std::string("it started");
  };
  CHECK_THAT(error("bin/missing"), Contains("No such file") && Contains("runtime.entry"));
  CHECK_THAT(error("bin/missing", "python3"), Contains("No such file"));
  CHECK_THAT(error("bin/text"), Contains("Exec format error"));
  CHECK_THAT(error("bin/script"), Contains("runtime.interpreter"));
  CHECK_THAT(error("bin/plain"), Contains("Permission denied"));
  CHECK_THAT(error("bin"), Contains("Permission denied"));
  CHECK_THAT(error("bin/plain", "cobol"), Contains("finding the interpreter"));
  CHECK_THAT(error("bin/plain", "/bin/sh"), Contains("finding the interpreter"));
  CHECK_THAT(error(std::string(2000, 'a')), Contains("too long"));
  CHECK(count_children() == children);
  CHECK(count_descriptors() == descriptors);
}

TEST_CASE("a link does not lead an executable's entry out of its package") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  fs::create_symlink("/bin/true", fs::path(package.path()) / "bin/link");
  CHECK_THROWS_AS(launcher->spawn(package.request("bin/link")), sandbox::LaunchError);
}

TEST_CASE("a killed executable takes its inner pid 1 with it, and its launcher goes on") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const ExecutablePackage package;
  TestCell cell(*launcher, package.request());
  REQUIRE(cell.tell("thread") == "42");
  cell.send("abort");
  CHECK_THAT(cell.ending(), StartsWith("was killed by SIGABRT"));
  CHECK(is_gone(cell.process().pid));
  TestCell next(*launcher, package.request());
  CHECK(next.tell("thread") == "42");
}

}  // namespace bulkhead::test
