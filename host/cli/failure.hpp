// How a command fails: an exit code, a status word for --json, and a sentence for a person.
#pragma once

#include <bulkhead/host.hpp>

#include <stdexcept>
#include <string>

namespace bulkhead::cli {

// The exit codes of every command; docs/command-line.md explains them.
enum class Exit : int {
  ok = 0,
  failed = 1,     // the call, the plugin or a comparison failed
  usage = 2,      // the command line is wrong
  not_found = 3,  // plugin, file, host or method
  bad_input = 4,  // an input file, manifest, policy or pipeline is malformed or unreadable
  denied = 5,     // by the policy or the kernel, or below the minimum level
  deadline = 6,   // deadline passed, or call cancelled
  crashed = 7,    // the plugin ended, or broke the protocol
  output = 74,    // output could not be written
  interrupted = 130,
};

class Failure : public std::runtime_error {
 public:
  Failure(Exit exit, std::string status, const std::string& sentence)
      : std::runtime_error(sentence), exit_(exit), status_(std::move(status)) {}
  Exit exit() const { return exit_; }
  // As status_name() gives it, or "usage", "output", "interrupted".
  const std::string& status() const { return status_; }

 private:
  Exit exit_;
  std::string status_;
};

// What the host was asked for when it threw: the same status means different things to a caller.
enum class Doing {
  opening_host,  // invalid data is a bad policy
  loading,       // invalid data is a bad manifest
  configuring,   // an invalid argument is a wrong --config
  calling,
};
Failure failure_of(const Error& error, Doing doing);

// How messages call it.
inline constexpr const char* kStandardInput = "standard input";

Failure usage_failure(const std::string& sentence);
// "could not VERB "PATH": REASON." with the exit code that fits `error_number`.
Failure file_failure(const std::string& verb, const std::string& path, int error_number);
Failure output_failure(const std::string& target, int error_number);

}  // namespace bulkhead::cli
