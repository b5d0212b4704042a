#include "sandbox/launch/private_root.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/launch/mounts.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {
namespace {

void add_package(const std::string& package, int package_fd) {
  const std::string target = std::string(kPackageMount).substr(1);
  step(Stage::package_mount, mkdir(target.c_str(), 0755));
  bind_read_only(package, target, Stage::package_mount);
  struct stat wanted {
  }, found{};
  step(Stage::package_mount, fstat(package_fd, &wanted));
  step(Stage::package_mount, stat(target.c_str(), &found));
  if (wanted.st_dev != found.st_dev || wanted.st_ino != found.st_ino) {
    throw StepError{Stage::package_mount, ESTALE};
  }
}

// The one place that can be written: by the kernel, when it dumps core.
void add_core_folder(const std::string& folder) {
  const std::string target = std::string(kCoreMount).substr(1);
  step(Stage::core_folder, mkdir(target.c_str(), 0755));
  bind_writable(folder, target, Stage::core_folder);
}

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

}  // namespace

const std::vector<std::string>& system_paths() {
  static const std::vector<std::string> kPaths = {
      "/usr/lib", "/usr/lib64",       "/usr/local/lib",    "/lib",
      "/lib64",   "/etc/ld.so.cache", "/etc/alternatives",
  };
  return kPaths;
}

std::string mount_base(const std::string& package) {
  for (const char* folder : {"/proc", "/tmp", "/mnt", "/run", "/dev"}) {
    struct stat status {};
    if (stat(folder, &status) == 0 && S_ISDIR(status.st_mode) && !is_below(package, folder)) {
      return folder;
    }
  }
  throw StepError{Stage::mounts, ENOENT};
}

void enter_private_root(const std::string& package, int package_fd, const std::string& interpreter,
                        const DevelopmentRoot& development) {
  constexpr Stage stage = Stage::mounts;
  step(stage, mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  const std::string base = mount_base(package);
  step(stage, mount("bulkhead", base.c_str(), "tmpfs", kQuiet | MS_NOEXEC,
                    "mode=0755,size=64k,nr_inodes=64"));
  step(stage, chdir(base.c_str()));
  for (const std::string& path : system_paths()) add_system_path(path);
  if (!interpreter.empty()) add_system_path(interpreter);
  if (!package.empty()) add_package(package, package_fd);
  if (!development.core_folder.empty()) add_core_folder(development.core_folder);
  if (!development.program.empty()) add_file(development.program, "proc/self/exe");

  step(stage, syscall(SYS_pivot_root, ".", "."));
  step(stage, umount2(".", MNT_DETACH));  // the old root, now on top of the new one
  step(stage, chdir("/"));                // a failed one would leave a way out
  step(stage, mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC | kQuiet,
                    nullptr));
}

}  // namespace bulkhead::sandbox
