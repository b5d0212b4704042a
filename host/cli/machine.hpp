// What this machine offers for isolation, as seen without starting anything.
#pragma once

#include <string>
#include <vector>

namespace bulkhead::cli {

// Whether something is there, and why or how far.
struct Finding {
  bool available = false;
  std::string detail;  // "ABI 7"; where not available, the reason and what to do
};

struct Machine {
  std::string kernel;        // "6.1.0-18-amd64"
  std::string architecture;  // "x86_64"
  std::string container;     // a hint such as "docker"; empty: none found
  Finding user_namespaces;
  Finding landlock;
  int landlock_abi = 0;  // 0: none
  Finding seccomp;
  int cgroup_version = 0;  // 0: not mounted; 1 also for hybrid
  std::string cgroup;      // our own, below the mount point
  Finding cgroup_delegation;
  std::vector<std::string> cgroup_controllers;

  // Tries a user namespace in a child process: make no other child at that time.
  static Machine look();
};

}  // namespace bulkhead::cli
