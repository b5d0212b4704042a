// describe_exit() of launcher.hpp.
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "sandbox/launch/launcher.hpp"

namespace bulkhead::sandbox {
namespace {

const char* meaning(int number) {
  switch (number) {
    case SIGSYS:
      return ": it made a system call that the sandbox does not allow";
    case SIGSEGV:
      return " (invalid memory access)";
    case SIGBUS:
      return " (invalid memory access: misaligned, or past the end of a file)";
    case SIGABRT:
      return " (it aborted: an assertion, or an exception that nobody caught)";
    case SIGILL:
      return " (an instruction that this processor does not have, or a deliberate trap)";
    case SIGFPE:
      return " (arithmetic error, for example a division by zero)";
    case SIGKILL:
      return " (by the host, by a person, or by the kernel when memory ran out)";
    case SIGXCPU:
      return " (limit on processor time)";
    case SIGXFSZ:
      return " (limit on file size: a cell may not write files)";
    default:
      return "";
  }
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace

std::string describe_exit(const CellExit& exit) {
  const int status = exit.wait_status;
  if (WIFSIGNALED(status)) {
    return "was killed by " + signal_name(WTERMSIG(status)) + meaning(WTERMSIG(status)) +
           (WCOREDUMP(status) ? "; core dumped" : "");
  }
  if (WIFEXITED(status)) return "exited with code " + std::to_string(WEXITSTATUS(status));
  return "ended with wait status " + std::to_string(status);
}

}  // namespace bulkhead::sandbox
