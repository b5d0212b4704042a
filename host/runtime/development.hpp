// What a development cell needs of the host: docs/debugging.md.
#pragma once

#include <string>

#include "host/runtime/state.hpp"

namespace bulkhead::host {

// The soname of the AddressSanitizer run time that the library needs ("libasan.so.8"), which must
// be loaded before the program that opens it; empty: none. Only looked for as text: what the
// dynamic loader makes of the file is for the cell to find out.
std::string sanitizer_runtime(const std::string& library);

// The folder of core dumps, made where it is missing; empty where that does not work, or where it
// is not this user's: there are no core dumps then.
std::string core_folder(const policy::Environment& environment);

// Tells the log of the cell, of the debugger's command line and of where core dumps go.
void announce_development(const PluginState& plugin, int process, const std::string& core_folder);

// Returns when a debugger is attached to the process. Throws Error where `timeout` has passed
// since `begun`, the process has ended or the host was closed.
void wait_for_debugger(const PluginState& plugin, int process, std::int64_t timeout,
                       std::int64_t begun);

}  // namespace bulkhead::host
