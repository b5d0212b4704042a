#include "sandbox/launch/launcher_main.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bulkhead/abi/core.h>

#include <array>
#include <exception>
#include <optional>
#include <thread>

#include "sandbox/keep/keeper.hpp"
#include "sandbox/launch/hygiene.hpp"
#include "sandbox/launch/service.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr int kExitUsage = 64;
constexpr int kExitSystem = 71;

int usage_error() {
  fprintf(
      stderr,
      "bulkhead-launcher starts the sandboxed processes of a Bulkhead host, which runs it by "
      "itself;\nit does nothing when started by hand. Use the command `bulkhead`, or the library "
      "libbulkhead.\n`bulkhead-launcher --version` prints the version.\n");
  return kExitUsage;
}

// The process at the other end, if descriptor 3 is a control socket.
std::optional<ucred> control_peer() {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(kControlDescriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return std::nullopt;
  ucred peer{};
  size = sizeof peer;
  const bool known = getsockopt(kControlDescriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  return type == SOCK_SEQPACKET && known && peer.pid > 0 ? std::optional(peer) : std::nullopt;
}

// glibc opens /proc/sys/vm/overcommit_memory when a thread's heap first shrinks, and remembers the
// answer. A locked cell may open nothing, so the question is asked here, for all cells: blocks
// below the mmap threshold fill a heap of a second thread, and freeing them shrinks it.
void settle_allocator() {
  // Else glibc counts the processors when many threads allocate: another file.
  mallopt(M_ARENA_MAX, 8);
  std::thread([] {
    constexpr std::size_t kBlock = 100'000;
    std::array<void*, 16> blocks;
    for (void*& block : blocks) block = malloc(kBlock);
    asm volatile("" : : "r"(blocks.data()) : "memory");  // or the compiler leaves both out
    for (void* block : blocks) free(block);
  }).join();
}

int serve_host(pid_t host) {
  wire::UniqueFd control(kControlDescriptor);
  fcntl(kControlDescriptor, F_SETFD, FD_CLOEXEC);
  const wire::UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const wire::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  const wire::UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  wire::UniqueFd host_pidfd(static_cast<int>(syscall(SYS_pidfd_open, host, 0)));
  // Not our parent any more: the host died meanwhile, and the number may be another process.
  if (getppid() != host) return 0;
  if (!proc || !null || !self || !host_pidfd) {
    fprintf(stderr,
            "bulkhead-launcher can't start: /proc, /dev/null and pidfd_open (Linux 5.4 or "
            "later) are needed here.\n");
    return kExitSystem;
  }
  std::optional<Filters> filters;
  if (BH_BUILT_SANITIZERS == 0) {
    filters.emplace(Filters{Filter::compile(load_filter()), Filter::compile(lock_filter()),
                            Filter::compile(init_filter()), Filter::compile(exec_filter())});
  }
  const LauncherContext context{
      filters ? &*filters : nullptr, proc.get(), null.get(), self.get(), geteuid(), getegid()};
  Hello hello;
  hello.has_sanitizers = BH_BUILT_SANITIZERS != 0;
  if (send_message(control.get(), hello) != 0) return 0;
  Service(context, std::move(control), std::move(host_pidfd)).run();
  return 0;
}

}  // namespace

int launcher_main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("bulkhead-launcher %s\n", BULKHEAD_VERSION);
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "keep") == 0) return keeper_main();
  const std::optional<ucred> host = control_peer();
  if (argc != 1 || !host) return usage_error();
  // What the host's process had ignored or blocked is not for us; an ignored SIGCHLD would reap the
  // cells before we ask how they ended. A session of its own keeps the terminal's signals with the
  // host, which ends its cells in its own way.
  reset_signals();
  setsid();
  prctl(PR_SET_NAME, "bh-launcher", 0, 0, 0);
  if (BH_BUILT_SANITIZERS == 0) erase_environment();
  try {
    settle_allocator();
    return serve_host(host->pid);
  } catch (const std::exception& error) {
    fprintf(stderr, "bulkhead-launcher can't start: %s\n", error.what());
    return kExitSystem;
  }
}

}  // namespace bulkhead::sandbox
