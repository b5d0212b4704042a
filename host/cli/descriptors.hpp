// Reading and writing descriptors whole, so that an interrupt is obeyed and no failure is lost.
#pragma once

#include <string>
#include <string_view>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::cli {

class Interrupts;

// Makes 0, 1 and 2 open: a program may be started with some of them closed, and then the next file
// that it opens would become its standard output. The replacement refuses what a closed descriptor
// refuses (EBADF). Also makes a write to a pipe without a reader an error (EPIPE) and no signal.
// Call it first in main.
void hold_standard_descriptors();

// Writes everything, also to a pipe or terminal in non-blocking mode. Returns 0 or an errno value.
int write_all(int fd, std::string_view bytes);

// Reads to the end, at most `limit` bytes: more is a Failure, and so is a read error. `name` is for
// messages. An interrupt ends the wait for a slow pipe with Exit::interrupted.
std::string read_all(int fd, const std::string& name, std::uint64_t limit,
                     const Interrupts& interrupts);

}  // namespace bulkhead::cli
