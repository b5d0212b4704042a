// The way from a new process to a cell that serves. Everything here runs in the child, before any
// code of a plugin; the order of the steps matters and is explained where it surprises.
#pragma once

#include <string>

#include "sandbox/launch/executable.hpp"
#include "sandbox/launch/filter.hpp"
#include "sandbox/launch/limits.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

// How a cell gets its namespaces.
enum class Route {
  root,      // cloned by root: the mounts first, then another user in a user namespace
  user,      // cloned into a user namespace by an ordinary user
  none,      // level 1: no namespaces
  sanitizer  // nothing at all
};

constexpr bool has_namespaces(Route route) { return route == Route::root || route == Route::user; }

// The compiled filters of a launcher.
struct Filters {
  Filter load, lock, init, exec;
};

// What the launcher prepared for one cell. Descriptors are the child's copies.
struct JailPlan {
  Route route = Route::none;
  std::string package;  // real path; empty: a probe, which ends instead of serving
  wire::UniqueFd package_fd, socket, log;
  LimitRequest limits;
  ExecutablePlan executable;
  bool development = false;
  Filter development_load, development_lock;  // compiled for this one cell
  std::string core_folder;                    // empty: no core dumps
  std::string program;  // where AddressSanitizer works: the file of this program
};

// What every child of the launcher needs of it.
struct LauncherContext {
  const Filters* filters;  // null in a build with sanitizers
  int proc;                // descriptor of /proc
  int null;                // of /dev/null
  int own_pidfd;           // of the launcher
  uid_t user;              // of the launcher
  gid_t group;
};

// What a child writes to its report socket: ready, or where it failed. A cell that becomes an
// executable says ready before it does: its end of the socket closes where that went well, and a
// second report says why where not.
struct Report {
  Stage stage = Stage::none;  // none: ready
  std::int32_t error = 0;
  std::uint32_t finding_count = 0;
  Finding findings[kMaxFindings] = {};
};

// Builds the jail, reports, serves, ends. Never returns. `report` is a SOCK_SEQPACKET socket;
// `result` the write end of the result pipe, used where the cell gets an inner pid 1.
[[noreturn]] void run_cell(const LauncherContext& launcher, const JailPlan& plan, int report,
                           int result) noexcept;

}  // namespace bulkhead::sandbox
