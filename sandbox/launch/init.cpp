#include "sandbox/launch/init.hpp"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::sandbox {
namespace {

constexpr int kExitSetup = 125;

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_usec);
}

}  // namespace

CellResult cell_result(int wait_status, const rusage& usage) {
  return {wait_status, 0, microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
          static_cast<std::uint64_t>(usage.ru_maxrss)};
}

void run_init(const Filter& filter, int result, pid_t child) {
  if (dup2(result, 0) != 0 || syscall(SYS_close_range, 1, ~0u, 0) != 0) _exit(kExitSetup);
  if (filter.install(false) != 0) _exit(kExitSetup);
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t ended = wait4(-1, &status, 0, &usage);
    if (ended < 0 && errno != EINTR) _exit(kExitSetup);
    if (ended != child) continue;
    const CellResult report = cell_result(status, usage);
    const ssize_t written = write(0, &report, sizeof report);
    _exit(written == static_cast<ssize_t>(sizeof report) ? 0 : kExitSetup);
  }
}

}  // namespace bulkhead::sandbox
