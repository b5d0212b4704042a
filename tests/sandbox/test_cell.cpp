// A cell for tests: instead of loading a plugin, it does what its socket says, a line a command.
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/cell/cell.hpp"
#include "tests/sandbox/behaviours.hpp"

namespace bulkhead::cell {

void serve(const Start& start) {
  for (;;) {
    char text[512];
    const ssize_t size = recv(start.socket, text, sizeof text, 0);
    if (size <= 0) _exit(0);
    const std::string line(text, static_cast<std::size_t>(size));
    const std::size_t space = line.find(' ');
    const std::string name = line.substr(0, space);
    const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
    const auto found = test::behaviours().find(name);
    const std::string answer =
        found == test::behaviours().end() ? "unknown" : found->second(start, argument);
    if (send(start.socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) _exit(1);
  }
}

}  // namespace bulkhead::cell
