// The program itself, run once more: for work that must not be able to end this process.
#pragma once

#include <string>
#include <vector>

namespace bulkhead::cli {

class Interrupts;

// Its standard output. Waits at most five minutes, then ends it. Throws bulkhead::Error:
// plugin_crashed where a signal ended it, deadline_exceeded, cancelled after an interrupt, internal
// with its last words on standard error where it failed. `temporary` is its TMPDIR, so that a crash
// leaves nothing elsewhere.
std::string run_self(const std::vector<std::string>& arguments, const std::string& temporary,
                     const Interrupts& interrupts);

}  // namespace bulkhead::cli
