#include "machine.hpp"

#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace bulkhead::cli {
namespace {

constexpr const char* kCgroupMount = "/sys/fs/cgroup";

// The first line of a small file of the kernel; empty where there is none.
std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

std::string container_hint() {
  if (exists("/.dockerenv")) return "docker";
  if (exists("/run/.containerenv")) return "podman";
  if (const char* named = std::getenv("container"); named != nullptr && *named != '\0')
    return named;
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return "kubernetes";
  return first_line("/run/systemd/container");
}

std::string namespace_advice(int error_number) {
  const std::string words = std::strerror(error_number);
  if (first_line("/proc/sys/user/max_user_namespaces") == "0")
    return words + ": set the sysctl user.max_user_namespaces to 10000, for example";
  if (first_line("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    return words + ": set the sysctl kernel.unprivileged_userns_clone to 1";
  if (first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
    return words +
           ": AppArmor restricts them; set the sysctl "
           "kernel.apparmor_restrict_unprivileged_userns to 0, or give the launcher a "
           "profile";
  return words +
         ": most containers refuse them; run outside of one, or with a seccomp profile "
         "that allows clone and unshare";
}

Finding try_user_namespace() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  if (child < 0) return {false, std::strerror(errno)};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {true, "allowed"};
  return {false, WIFEXITED(status) ? namespace_advice(WEXITSTATUS(status))
                                   : "the attempt was killed, as a seccomp filter does"};
}

// SYS_landlock_create_ruleset with LANDLOCK_CREATE_RULESET_VERSION: Debian 12's headers are older
// than what the kernel may know, and only the number is wanted.
Finding ask_landlock(int& abi) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1u);
  if (version > 0) {
    abi = static_cast<int>(version);
    return {true, "ABI " + std::to_string(version)};
  }
  if (errno == EOPNOTSUPP)
    return {false,
            "the kernel has it, but it is switched off: add landlock to lsm= on the "
            "kernel's command line"};
  return {false, errno == ENOSYS ? "the kernel has none; 5.13 and later do"
                                 : std::string(std::strerror(errno))};
}

Finding ask_seccomp() {
  const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("Seccomp:") && line.back() == '2')
        return {true, "available; this process already runs under a filter"};
    return {true, "available"};
  }
  return {false, std::string(std::strerror(errno)) +
                     ": the kernel must be built with CONFIG_SECCOMP_FILTER"};
}

void look_at_cgroups(Machine& machine) {
  struct statfs mount {};
  if (::statfs(kCgroupMount, &mount) != 0) {
    machine.cgroup_delegation.detail = "no cgroup file system is mounted";
    return;
  }
  machine.cgroup_version = mount.f_type == CGROUP2_SUPER_MAGIC ? 2 : 1;
  std::ifstream own("/proc/self/cgroup");
  for (std::string line; std::getline(own, line);)
    if (line.starts_with("0::")) machine.cgroup = line.substr(3);
  if (machine.cgroup_version == 1) {
    machine.cgroup_delegation.detail = "cgroup v1 has no safe delegation";
    return;
  }
  const std::string folder =
      std::string(kCgroupMount) + (machine.cgroup == "/" ? "" : machine.cgroup);
  std::istringstream controllers(first_line(folder + "/cgroup.controllers"));
  for (std::string name; controllers >> name;) machine.cgroup_controllers.push_back(name);
  if (::access(folder.c_str(), W_OK) == 0 &&
      ::access((folder + "/cgroup.procs").c_str(), W_OK) == 0)
    machine.cgroup_delegation = {true, "this process may make cgroups in " + folder};
  else
    machine.cgroup_delegation.detail = "no right to write to " + folder +
                                       ": start the program with systemd-run --user --scope "
                                       "-p Delegate=yes";
}

}  // namespace

Machine Machine::look() {
  Machine machine;
  utsname name{};
  if (::uname(&name) == 0) {
    machine.kernel = name.release;
    machine.architecture = name.machine;
  }
  machine.container = container_hint();
  machine.user_namespaces = try_user_namespace();
  machine.landlock = ask_landlock(machine.landlock_abi);
  machine.seccomp = ask_seccomp();
  look_at_cgroups(machine);
  return machine;
}

}  // namespace bulkhead::cli
