// The program of a cell: it runs in the jail that the launcher built, loads one plugin library,
// locks itself, and serves calls over its socket until that closes.
#pragma once

#include <functional>
#include <string>

namespace bulkhead::cell {

struct Start {
  int socket = 3;    // speaks sdk/schema/core.capnp; standard output and error go to the log
  std::string root;  // where the package is: "/package", or its folder
  // Narrows the system call filter for good (filter B, all threads). Called once, between load and
  // the first call. Returns 0 or an errno.
  std::function<int()> lock;
};

// Ends the process, with code 0, when the socket closes.
[[noreturn]] void serve(const Start& start);

}  // namespace bulkhead::cell
