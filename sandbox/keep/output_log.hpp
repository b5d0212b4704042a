// The log of a command: what it prints, up to a limit. What comes after that is read and dropped,
// so that the command never waits for a reader.
#pragma once

#include <cstdint>
#include <string_view>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

class OutputLog {
 public:
  // Throws StepError.
  OutputLog(int folder, std::uint64_t limit);

  // Takes what the pipe holds now. False: its writers are gone.
  bool take(int pipe);
  // Says in the log itself what is missing, and makes it durable.
  void finish();

  std::uint64_t written() const { return written_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  void add(std::string_view bytes);

  wire::UniqueFd file_;
  const std::uint64_t limit_;
  std::uint64_t written_ = 0, dropped_ = 0;
  bool full_ = false;  // nothing more is written: a log with holes would mislead
};

}  // namespace bulkhead::sandbox
