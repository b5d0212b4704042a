#include "descriptors.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "failure.hpp"
#include "interrupts.hpp"

namespace bulkhead::cli {
namespace {

constexpr std::size_t kFirstRead = std::size_t{64} << 10;
constexpr std::size_t kLargestRead = std::size_t{16} << 20;

Failure too_large(const std::string& name, std::uint64_t limit) {
  return {Exit::bad_input, "resource_exhausted",
          name + " has more than " + std::to_string(limit >> 20) +
              " MiB, the most that one call takes. Split it."};
}

// A handler, not SIG_IGN: an ignored signal stays ignored in the programs that the host starts.
void no_action(int) {}

}  // namespace

void hold_standard_descriptors() {
  struct sigaction pipe {};
  pipe.sa_handler = no_action;
  pipe.sa_flags = SA_RESTART;
  ::sigaction(SIGPIPE, &pipe, nullptr);

  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    const int mode = fd == 1 ? O_RDONLY : O_WRONLY;  // the wrong direction: EBADF on use
    // The lowest free number is fd: all below it are open by now.
    if (::open("/dev/null", mode) < 0) ::_exit(static_cast<int>(Exit::output));
  }
}

int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), std::min(bytes.size(), kLargestRead));
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

std::string read_all(int fd, const std::string& name, std::uint64_t limit,
                     const Interrupts& interrupts) {
  struct stat facts {};
  std::string bytes;
  std::size_t room = kFirstRead;
  if (::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
    if (static_cast<std::uint64_t>(facts.st_size) > limit) throw too_large(name, limit);
    room = static_cast<std::size_t>(facts.st_size) + 1;  // one more sees the end at once
  }
  std::size_t size = 0;
  for (;;) {
    interrupts.check();
    if (size == bytes.size()) bytes.resize(size + room);
    pollfd wait[2] = {{fd, POLLIN, 0}, {interrupts.descriptor(), POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0 && errno != EINTR) throw file_failure("read", name, errno);
    interrupts.check();
    if (wait[0].revents & POLLNVAL) throw file_failure("read", name, EBADF);
    if (wait[0].revents == 0) continue;
    const std::size_t want = std::min(bytes.size() - size, kLargestRead);
    const ssize_t got = ::read(fd, bytes.data() + size, want);
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      throw file_failure("read", name, errno);
    }
    size += static_cast<std::size_t>(got);
    if (size > limit) throw too_large(name, limit);
    room = std::clamp(size, kFirstRead, std::size_t{256} << 20);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace bulkhead::cli
