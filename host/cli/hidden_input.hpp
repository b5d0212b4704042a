// A line from the terminal that is not shown while it is typed.
#pragma once

#include "host/secrets/secret_bytes.hpp"

namespace bulkhead::cli {

class Interrupts;

// A secret from standard input: on a terminal one line, asked for with `prompt` and not shown, else
// everything. One newline at the end is no part of it. Throws Failure, also for more than `limit`
// bytes.
host::SecretBytes read_secret(const char* prompt, std::size_t limit, const Interrupts& interrupts);

}  // namespace bulkhead::cli
