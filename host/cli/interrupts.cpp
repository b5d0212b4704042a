#include "interrupts.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <system_error>

#include "failure.hpp"

namespace bulkhead::cli {
namespace {

// timeout(1) signals a program, and then its group once more: that is one interrupt.
constexpr std::chrono::milliseconds kSameInterrupt{500};

void ring(int fd) {
  const std::uint64_t one = 1;
  while (::write(fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

}  // namespace

Interrupts::Interrupts() {
  ::sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction current {};
    ::sigaction(number, nullptr, &current);
    if (current.sa_handler != SIG_IGN) ::sigaddset(&signals_, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  arrivals_.reset(::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK));
  happened_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  stop_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!arrivals_ || !happened_ || !stop_)
    throw std::system_error(errno, std::generic_category(), "could not watch for signals");
  watcher_ = std::thread([this] { watch(); });
}

Interrupts::~Interrupts() {
  ring(stop_.get());
  watcher_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupts::watch() {
  std::chrono::steady_clock::time_point first;
  for (;;) {
    pollfd wait[2] = {{arrivals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0) continue;
    if (wait[1].revents != 0) return;
    signalfd_siginfo arrival{};
    if (::read(arrivals_.get(), &arrival, sizeof arrival) != sizeof arrival) continue;
    const int number = static_cast<int>(arrival.ssi_signo);
    const auto now = std::chrono::steady_clock::now();
    if (signal_.load() != 0) {
      if (now - first < kSameInterrupt) continue;
      ::signal(number, SIG_DFL);
      ::raise(number);
      ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);  // ends here
    }
    first = now;
    signal_.store(number);
    ring(happened_.get());
    cancel_.cancel();
  }
}

void Interrupts::check() const {
  const int number = signal_.load();
  if (number == 0) return;
  const char* name = number == SIGINT ? "Ctrl-C" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
  throw Failure(Exit::interrupted, "interrupted",
                std::string("interrupted by ") + name + "; nothing was left half-written.");
}

}  // namespace bulkhead::cli
