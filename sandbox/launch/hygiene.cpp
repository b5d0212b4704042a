#include "sandbox/launch/hygiene.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {

void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void erase_environment() {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    explicit_bzero(*entry, strlen(*entry));
  }
  clearenv();
}

void keep_descriptors(std::initializer_list<int> wanted) {
  constexpr Stage stage = Stage::descriptors;
  const int count = static_cast<int>(wanted.size());
  std::vector<int> safe;  // out of the way of the places that are about to be filled
  for (const int descriptor : wanted) {
    safe.push_back(step(stage, fcntl(descriptor, F_DUPFD_CLOEXEC, count)));
  }
  for (int place = 0; place < count; ++place) {
    step(stage, dup2(safe[static_cast<std::size_t>(place)], place));
  }
  step(stage, syscall(SYS_close_range, count, ~0u, 0));
}

void die_with_parent(int parent_pidfd) {
  step(Stage::parent, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  pollfd parent{parent_pidfd, POLLIN, 0};
  if (poll(&parent, 1, 0) != 0) throw StepError{Stage::parent, ESRCH};
}

}  // namespace bulkhead::sandbox
