// The compiled filters against the rules that they were compiled from, call by call: libseccomp has
// been wrong before.
#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sandbox/launch/filter.hpp"
#include "tests/sandbox/bpf_machine.hpp"

namespace bulkhead::test {
namespace {

using sandbox::Argument;
using sandbox::Compare;
using sandbox::Filter;
using sandbox::Part;
using sandbox::Rule;
using Parts = std::span<const Part* const>;

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif
constexpr int kHighestCall = 600;

bool fits(const Argument& argument, const seccomp_data& call) {
  const std::uint64_t value = call.args[argument.index];
  switch (argument.compare) {
    case Compare::none:
      return true;
    case Compare::equal:
      return value == argument.value;
    case Compare::not_equal:
      return value != argument.value;
    case Compare::masked_equal:
      return (value & argument.mask) == argument.value;
  }
  return false;
}

bool fits(const Rule& rule, const seccomp_data& call) {
  return std::all_of(rule.arguments.begin(), rule.arguments.end(),
                     [&](const Argument& argument) { return fits(argument, call); });
}

using Rules = std::multimap<int, const Rule*>;

Rules by_number(Parts parts) {
  Rules rules;
  for (const Part* part : parts) {
    for (const Rule& rule : part->rules) {
      const int number = seccomp_syscall_resolve_name(rule.call);
      if (number >= 0) rules.emplace(number, &rule);
    }
  }
  return rules;
}

// All answers that the rules give: one, but for calls that two rules claim.
std::set<std::uint32_t> expected(const Rules& rules, const seccomp_data& call, int otherwise) {
  std::set<std::uint32_t> answers;
  const auto [begin, end] = rules.equal_range(call.nr);
  for (auto at = begin; at != end; ++at) {
    const Rule& rule = *at->second;
    if (!fits(rule, call)) continue;
    answers.insert(rule.refuse_with == 0
                       ? SECCOMP_RET_ALLOW
                       : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(rule.refuse_with));
  }
  if (answers.empty()) {
    answers.insert(otherwise == 0 ? SECCOMP_RET_KILL_PROCESS
                                  : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(otherwise));
  }
  return answers;
}

// Values near the ones that the rules of a call compare an argument with.
std::vector<std::uint64_t> interesting(const Rules& rules, int number, unsigned index) {
  std::vector<std::uint64_t> values{0, 1, 2, 0xffffffff, 0x100000000, ~std::uint64_t{0}};
  const auto [begin, end] = rules.equal_range(number);
  for (auto at = begin; at != end; ++at) {
    for (const Argument& argument : at->second->arguments) {
      if (argument.compare == Compare::none || argument.index != index) continue;
      values.push_back(argument.value);
      for (int bit = 0; bit < 64; ++bit) values.push_back(argument.value ^ (1ull << bit));
    }
  }
  return values;
}

void compare(Parts parts, bool two_answers_allowed, int otherwise = 0) {
  const Filter filter = Filter::compile(parts, otherwise);
  const Rules rules = by_number(parts);
  REQUIRE_FALSE(rules.empty());
  std::mt19937_64 random(7);
  std::size_t wrong = 0, allowed = 0;
  for (int number = 0; number < kHighestCall; ++number) {
    std::vector<std::uint64_t> values[6];
    for (unsigned i = 0; i < 6; ++i) values[i] = interesting(rules, number, i);
    const int tries = rules.contains(number) ? 3000 : 20;
    for (int n = 0; n < tries; ++n) {
      seccomp_data call{};
      call.nr = number;
      call.arch = kArchitecture;
      for (unsigned i = 0; i < 6; ++i) call.args[i] = values[i][random() % values[i].size()];
      const std::uint32_t answer = run_bpf(filter.program(), call);
      const auto answers = expected(rules, call, otherwise);
      if (!answers.contains(answer)) {
        UNSCOPED_INFO("call " << number << " (" << call.args[0] << ", " << call.args[1] << ", "
                              << call.args[2] << ", " << call.args[3] << "): " << answer);
        ++wrong;
      }
      if (answers.size() > 1 && !two_answers_allowed) ++wrong;
      allowed += answer == SECCOMP_RET_ALLOW;
    }
  }
  CHECK(wrong == 0);
  CHECK(allowed > 0);
}

}  // namespace

TEST_CASE("the filters do what their rules say, with near misses of every argument") {
  SECTION("load") { compare(sandbox::load_filter(), true); }
  SECTION("lock") { compare(sandbox::lock_filter(), true); }
  SECTION("exec") { compare(sandbox::exec_filter(), true); }
  SECTION("development, load") { compare(sandbox::development_load_filter(), true); }
  SECTION("development, lock") { compare(sandbox::development_lock_filter(), true); }
  SECTION("init") { compare(sandbox::init_filter(), false); }
  SECTION("command") { compare(sandbox::command_filter(), false, ENOSYS); }
}

TEST_CASE("a command's filter lets no call through that leaves the jail") {
  const Filter filter = Filter::compile(sandbox::command_filter(), ENOSYS);
  for (const char* name : {"unshare",
                           "setns",
                           "clone3",
                           "mount",
                           "umount2",
                           "pivot_root",
                           "chroot",
                           "move_mount",
                           "open_tree",
                           "fsopen",
                           "mount_setattr",
                           "ptrace",
                           "process_vm_readv",
                           "process_vm_writev",
                           "pidfd_getfd",
                           "bpf",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "perf_event_open",
                           "userfaultfd",
                           "io_uring_setup",
                           "open_by_handle_at",
                           "name_to_handle_at",
                           "seccomp",
                           "init_module",
                           "finit_module",
                           "kexec_load",
                           "reboot",
                           "swapon",
                           "quotactl",
                           "acct",
                           "settimeofday",
                           "clock_settime",
                           "vmsplice",
                           "kcmp",
                           "syslog",
                           "sethostname",
                           "landlock_restrict_self"}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) continue;  // newer than this libseccomp
    seccomp_data call{};
    call.nr = number;
    call.arch = kArchitecture;
    INFO(name);
    CHECK(run_bpf(filter.program(), call) == (SECCOMP_RET_ERRNO | ENOSYS));
  }
  const auto answer = [&](int number, std::uint64_t first, std::uint64_t second = 0) {
    seccomp_data call{};
    call.nr = number;
    call.arch = kArchitecture;
    call.args[0] = first;
    call.args[1] = second;
    return run_bpf(filter.program(), call);
  };
  CHECK(answer(SYS_clone, SIGCHLD) == SECCOMP_RET_ALLOW);
  for (const std::uint64_t flag : {0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000,
                                   0x20000000, 0x40000000}) {  // CLONE_NEWNS ... CLONE_NEWNET
    CHECK(answer(SYS_clone, SIGCHLD | flag) == (SECCOMP_RET_ERRNO | ENOSYS));
  }
  CHECK(answer(SYS_socket, AF_UNIX) == SECCOMP_RET_ALLOW);
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK}) {
    CHECK(answer(SYS_socket, static_cast<std::uint64_t>(family)) == (SECCOMP_RET_ERRNO | ENOSYS));
  }
  CHECK(answer(SYS_ioctl, 0, 0x5412) == (SECCOMP_RET_ERRNO | ENOSYS));        // TIOCSTI
  CHECK(answer(SYS_personality, 0x0400000) == (SECCOMP_RET_ERRNO | ENOSYS));  // READ_IMPLIES_EXEC
}

TEST_CASE("a filter kills calls of other architectures") {
  const Filter filter = Filter::compile(sandbox::load_filter());
  const auto answer = [&](std::uint32_t architecture, int number) {
    seccomp_data call{};
    call.arch = architecture;
    call.nr = number;
    return run_bpf(filter.program(), call);
  };
  CHECK(answer(kArchitecture, SYS_getpid) == SECCOMP_RET_ALLOW);
  for (const std::uint32_t other :
       {std::uint32_t{AUDIT_ARCH_I386}, std::uint32_t{AUDIT_ARCH_ARM}, std::uint32_t{0}}) {
    for (int number = 0; number < kHighestCall; ++number) {
      REQUIRE(answer(other, number) == SECCOMP_RET_KILL_PROCESS);
    }
  }
#if defined(__x86_64__)
  for (int number = 0; number < kHighestCall; ++number) {
    REQUIRE(answer(kArchitecture, 0x40000000 | number) == SECCOMP_RET_KILL_PROCESS);
  }
#endif
}

TEST_CASE("a filter knows its process") {
  Filter filter = Filter::compile(sandbox::lock_filter());
  const auto answer = [&](std::uint64_t pid) {
    seccomp_data call{};
    call.arch = kArchitecture;
    call.nr = SYS_tgkill;
    call.args[0] = pid;
    return run_bpf(filter.program(), call);
  };
  filter.bind_to(4711);
  CHECK(answer(4711) == SECCOMP_RET_ALLOW);
  CHECK(answer(4712) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer(0) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer(0xffffffff) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer(sandbox::kOwnPid) == SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("the lock allows nothing that the load filter does not") {
  const Filter load = Filter::compile(sandbox::load_filter());
  const Filter lock = Filter::compile(sandbox::lock_filter());
  CHECK(lock.rule_count() < load.rule_count());
  for (int number = 0; number < kHighestCall; ++number) {
    seccomp_data call{};
    call.arch = kArchitecture;
    call.nr = number;
    CAPTURE(number);
    if (run_bpf(lock.program(), call) == SECCOMP_RET_ALLOW) {
      CHECK(run_bpf(load.program(), call) == SECCOMP_RET_ALLOW);
    }
  }
}

TEST_CASE("a development cell has few calls more, and no dangerous one") {
  const Filter filter = Filter::compile(sandbox::development_lock_filter());
  const Filter load = Filter::compile(sandbox::load_filter());
  std::set<int> more;
  for (int number = 0; number < kHighestCall; ++number) {
    seccomp_data call{};
    call.arch = kArchitecture;
    call.nr = number;
    if (run_bpf(filter.program(), call) == SECCOMP_RET_ALLOW &&
        run_bpf(load.program(), call) != SECCOMP_RET_ALLOW) {
      more.insert(number);
    }
  }
#if defined(__x86_64__)
  CHECK(more == std::set<int>{SYS_pipe, SYS_pipe2});
#else
  CHECK(more == std::set<int>{SYS_pipe2});
#endif
  seccomp_data writing{};
  writing.arch = kArchitecture;
  writing.nr = SYS_openat;
  writing.args[2] = O_WRONLY | O_CREAT;
  CHECK(run_bpf(filter.program(), writing) == (SECCOMP_RET_ERRNO | EACCES));
}

TEST_CASE("the filter of an executable allows one descriptor to be executed, and no path") {
  Filter filter = Filter::compile(sandbox::exec_filter());
  const auto answer = [&](std::uint64_t descriptor, std::uint64_t flags) {
    seccomp_data call{};
    call.arch = kArchitecture;
    call.nr = SYS_execveat;
    call.args[0] = descriptor;
    call.args[4] = flags;
    return run_bpf(filter.program(), call);
  };
  filter.bind_to_executable(256);
  CHECK(answer(256, AT_EMPTY_PATH) == SECCOMP_RET_ALLOW);
  CHECK(answer(256, 0) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer(255, AT_EMPTY_PATH) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer(static_cast<std::uint32_t>(AT_FDCWD), AT_EMPTY_PATH) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer(sandbox::kExecutablePlace, AT_EMPTY_PATH) == SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("the filter of an executable reaches no other process and makes no socket") {
  const Filter filter = Filter::compile(sandbox::exec_filter());
  for (const int number : {SYS_execve,      SYS_socket,         SYS_socketpair,
                           SYS_connect,     SYS_bind,           SYS_listen,
                           SYS_accept4,     SYS_ptrace,         SYS_process_vm_readv,
                           SYS_unshare,     SYS_setns,          SYS_seccomp,
                           SYS_prctl,       SYS_mount,          SYS_memfd_create,
                           SYS_bpf,         SYS_io_uring_setup, SYS_keyctl,
                           SYS_personality, SYS_shmat}) {
    seccomp_data call{};
    call.arch = kArchitecture;
    call.nr = number;
    CAPTURE(number);
    CHECK(run_bpf(filter.program(), call) == SECCOMP_RET_KILL_PROCESS);
  }
}

}  // namespace bulkhead::test
