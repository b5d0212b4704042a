#include "hidden_input.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "descriptors.hpp"
#include "failure.hpp"
#include "interrupts.hpp"

namespace bulkhead::cli {
namespace {

// Switches the echo of a terminal off, until its end.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &before_) != 0) throw file_failure("read", kStandardInput, errno);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL | ICANON;
    if (::tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
      throw file_failure("read", kStandardInput, errno);
  }
  ~Silence() { ::tcsetattr(terminal_, TCSAFLUSH, &before_); }
  Silence(const Silence&) = delete;

 private:
  int terminal_;
  termios before_{};
};

void wait_for_input(const Interrupts& interrupts) {
  pollfd both[] = {{0, POLLIN, 0}, {interrupts.descriptor(), POLLIN, 0}};
  if (::poll(both, 2, -1) < 0 && errno != EINTR) throw file_failure("read", kStandardInput, errno);
  interrupts.check();
}

}  // namespace

host::SecretBytes read_secret(const char* prompt, std::size_t limit, const Interrupts& interrupts) {
  const bool terminal = ::isatty(0) != 0;
  std::optional<Silence> silence;
  if (terminal) {
    silence.emplace(0);
    write_all(2, prompt);
  }
  host::SecretBytes value(limit + 2);  // a newline, and one byte that is too much
  std::size_t size = 0;
  while (size < value.size()) {
    wait_for_input(interrupts);
    const ssize_t got = ::read(0, value.span().data() + size, value.size() - size);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw file_failure("read", kStandardInput, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (terminal && value.span()[size - 1] == '\n') break;
  }
  value.shrink(size);
  if (size > 0 && value.span()[size - 1] == '\n') value.shrink(size - 1);
  if (value.size() > limit)
    throw Failure(
        Exit::bad_input, "data_invalid",
        "standard input is larger than a secret can be: " + std::to_string(limit) + " bytes.");
  if (value.size() == 0)
    throw Failure(Exit::bad_input, "data_invalid",
                  "standard input is empty. The value of the secret is read from there: bulkhead "
                  "secrets set NAME < FILE");
  return value;
}

}  // namespace bulkhead::cli
