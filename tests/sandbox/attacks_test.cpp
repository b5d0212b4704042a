// What a cell may not do: each row is one attempt and its result, before the lock and after it.
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/sandbox/test_launcher.hpp"

namespace bulkhead::test {
namespace {

const std::string kKilled =
    "ended: was killed by SIGSYS: it made a system call that the sandbox does not allow";

struct Attempt {
  std::string command;
  std::string before, after;  // the lock
};

std::string call(long number) { return "call " + std::to_string(number); }

const std::vector<Attempt>& attempts() {
  static const std::vector<Attempt> kAttempts = {
    {"socket-inet", kKilled, kKilled},
    {"socket-unix", kKilled, kKilled},
    {"fork", "EPERM", "EPERM"},
    {"vfork", "EPERM", "EPERM"},
    {"posix-spawn", "EPERM", "EPERM"},
    {"exec", kKilled, kKilled},
    {"clone-user", kKilled, kKilled},
    {"clone3", "ENOSYS", "ENOSYS"},
    {"unshare", kKilled, kKilled},
    {"make-executable", kKilled, kKilled},
    {"map-writable-code", kKilled, kKilled},
    {"map-anonymous-code", kKilled, kKilled},
    {"ptrace", kKilled, kKilled},
    {"kill 1", kKilled, kKilled},
    {"kill 0", kKilled, kKilled},
    {"kill -1", kKilled, kKilled},
    {"kill-self", "ok", "ok"},
    {"set-dumpable", kKilled, kKilled},
    {"new-filter", kKilled, kKilled},
    {"ioctl 5412", kKilled, kKilled},       // TIOCSTI
    {"ioctl 100005412", kKilled, kKilled},  // the same to the kernel
    {"set-limit", "EPERM", "EPERM"},
    {"limit-of-other", "EPERM", "EPERM"},
    {"thread", "42", "42"},
    {"open /etc/ld.so.cache", "ok", kKilled},
    {"list /usr", "", kKilled},
    {"write /package/new", "EACCES", kKilled},
    {"read /etc/passwd", "", kKilled},
#if defined(__x86_64__)
    {"x32", kKilled, kKilled},
    {call(SYS_modify_ldt), kKilled, kKilled},
#endif
    {call(SYS_setns), kKilled, kKilled},
    {call(SYS_process_vm_writev), kKilled, kKilled},
    {call(SYS_io_uring_setup), kKilled, kKilled},
    {call(SYS_userfaultfd), kKilled, kKilled},
    {call(SYS_bpf), kKilled, kKilled},
    {call(SYS_perf_event_open), kKilled, kKilled},
    {call(SYS_keyctl), kKilled, kKilled},
    {call(SYS_mount), kKilled, kKilled},
    {call(SYS_pivot_root), kKilled, kKilled},
    {call(SYS_open_by_handle_at), kKilled, kKilled},
    {call(SYS_personality), kKilled, kKilled},
    {call(SYS_shmat), kKilled, kKilled},
    {call(SYS_memfd_create), kKilled, kKilled},
    {call(SYS_pidfd_getfd), kKilled, kKilled},
    {call(SYS_chroot), kKilled, kKilled},
    {call(SYS_execveat), kKilled, kKilled},
  };
  return kAttempts;
}

}  // namespace

TEST_CASE("a cell is killed for what it may not do, before and after the lock") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  for (const Attempt& attempt : attempts()) {
    CAPTURE(attempt.command);
    if (!attempt.before.empty()) {
      TestCell cell(*launcher, package.path());
      CHECK(cell.tell(attempt.command) == attempt.before);
    }
    TestCell cell(*launcher, package.path());
    REQUIRE(cell.tell("lock") == "ok");
    CHECK(cell.tell(attempt.command) == attempt.after);
  }
}

TEST_CASE("the lock ends file access and new code, and leaves data alone") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;

  SECTION("before it, a library is loaded") {
    TestCell cell(*launcher, package.path());
    CHECK(cell.tell("dlopen libseccomp.so.2") == "ok");
    CHECK(cell.tell("open-code " + cell.process().root + "/data.txt") == "ok");
    CHECK(cell.tell("map-code") == "ok");
  }
  SECTION("after it, an open file is mapped as data") {
    TestCell cell(*launcher, package.path());
    CHECK(cell.tell("open-code " + cell.process().root + "/data.txt") == "ok");
    REQUIRE(cell.tell("lock") == "ok");
    CHECK(cell.tell("map-data") == "ok");
    CHECK(cell.tell("map-code") == kKilled);
  }
  SECTION("it holds for threads that are older") {
    TestCell cell(*launcher, package.path());
    CHECK(cell.tell("old-thread-opens /etc/ld.so.cache") == kKilled);
  }
  SECTION("a second lock is refused") {
    TestCell cell(*launcher, package.path());
    REQUIRE(cell.tell("lock") == "ok");
    CHECK(cell.tell("lock") == kKilled);
  }
}

#if defined(__x86_64__)
TEST_CASE("a 32-bit call does not get through") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  // A kernel without 32-bit support answers with SIGSEGV.
  const std::string answer = cell.tell("int80");
  CHECK_THAT(answer, Catch::Matchers::StartsWith("ended: was killed by SIG"));
}
#endif

}  // namespace bulkhead::test
