// The host's side of the launcher: a small single-threaded program, started early, that forks cells
// on request. A host never forks a cell itself: a fork of a process with threads may inherit locked
// locks, and PDEATHSIG is about the parent's thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

// What the kernel enforces on one cell, as the launcher found it while it built the jail.
struct Level {
  int number = 0;
  std::vector<std::string> enforced;
  std::vector<std::string> missing;
};

enum class Profile : std::uint32_t {
  strict = 0,
  // For builds with sanitizers only (they need calls and memory that no cell gets): no filter, no
  // address-space limit, no namespaces; level 0, named "sanitizer test profile".
  sanitizer_test = 1,
  // For the author of a plugin: a debugger may attach, core dumps are written, sanitizers work. All
  // the rest is as in strict, but it is level 0. Never chosen unless asked for.
  development = 2,
};

// The profile that goes with this build: strict, unless it has sanitizers.
Profile default_profile();

struct CellLimits {
  std::uint64_t memory_bytes = std::uint64_t{4} << 30;  // RLIMIT_AS
  std::uint32_t threads = 64;
  std::uint32_t descriptors = 256;
};

// A plugin that is a program of its own, which the cell becomes: it speaks sdk/schema/core.capnp on
// descriptor 3.
struct CellProgram {
  std::string entry;        // path below the package's folder
  std::string interpreter;  // "python3": one of sandbox/policy/interpreters.cpp; empty: none
};

struct CellRequest {
  std::string package_folder;  // absolute
  std::optional<CellProgram> program;
  CellLimits limits;
  Profile profile = default_profile();
  // development only: an absolute path of a folder for core dumps, which then belongs to the user
  // of the cell; empty: none are written.
  std::string core_folder;
};

struct CellProcess {
  std::uint64_t id = 0;   // of this launcher, for wait_exit
  pid_t pid = 0;          // as the host sees it. Root reads its memory from
                          // /proc/PID/smaps_rollup; for others only /proc/PID/statm is readable
  wire::UniqueFd socket;  // SOCK_STREAM, non-blocking, close-on-exec: speaks sdk/schema/core.capnp
  wire::UniqueFd log;     // read end of the cell's standard output and error, non-blocking
  wire::UniqueFd pidfd;   // SIGKILL through it ends the cell and all that belongs to it; it becomes
                          // readable when that is gone
  std::string root;       // where the cell sees the package: "/package", or the folder itself
  Level level;
};

struct CellExit {
  int wait_status = 0;  // as waitpid gives it
  std::uint64_t cpu_microseconds = 0;
  std::uint64_t max_rss_kib = 0;
};

// what() is a sentence: what was tried, why it failed, what to do.
class LaunchError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// All functions are [any-thread]. The launcher belongs to the process that started it: a fork of
// that process can't use it, and its destructor leaves the launcher alone there.
class Launcher {
 public:
  // Starts the program through Boost.Process. Throws LaunchError. `sanitizer`: the soname of a
  // sanitizer's run time ("libasan.so.8") that is loaded before it, for development cells only;
  // empty: none.
  static std::unique_ptr<Launcher> start(const std::string& executable,
                                         const std::string& sanitizer = "");
  // Ends the launcher, and with it every cell; waits for it.
  ~Launcher();

  CellProcess spawn(const CellRequest& request);
  // The exit of a cell, waiting for it at most so long; nothing where it still runs, and for a cell
  // of another launcher. Can be asked again, for the last 4096 exits.
  std::optional<CellExit> wait_exit(std::uint64_t cell, std::chrono::milliseconds timeout);
  // What a cell of the strict profile would get here: spawns a probe cell that runs nothing.
  Level probe_level();
  pid_t pid() const;
  bool alive() const;

 private:
  class Connection;
  explicit Launcher(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

// "was killed by SIGSEGV (invalid memory access)", "exited with code 3", "was killed by SIGSYS: it
// made a system call that the sandbox does not allow".
std::string describe_exit(const CellExit& exit);

}  // namespace bulkhead::sandbox
