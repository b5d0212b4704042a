#include "sandbox/launch/private_root.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/launch/step.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV;

// A bind mount keeps flags that its user namespace may not take away: they are named again.
unsigned long kept_flags(const char* path) {
  struct statvfs status {};
  if (statvfs(path, &status) != 0) return 0;
  unsigned long flags = 0;
  if (status.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
  if (status.f_flag & ST_NOATIME) flags |= MS_NOATIME;
  if (status.f_flag & ST_NODIRATIME) flags |= MS_NODIRATIME;
  if (status.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  return flags;
}

// `target` is relative to the working directory.
void bind_read_only(const std::string& source, const std::string& target, Stage stage) {
  step(stage, mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (syscall(SYS_mount_setattr, AT_FDCWD, target.c_str(), AT_RECURSIVE, &attributes,
              sizeof attributes) == 0) {
    return;
  }
  if (errno != ENOSYS) throw StepError{stage, errno};
  // Before Linux 5.12; mounts below this one keep their flags, and the cell's user can't write
  // them.
  step(stage,
       mount(nullptr, target.c_str(), nullptr,
             MS_REMOUNT | MS_BIND | MS_RDONLY | kQuiet | kept_flags(target.c_str()), nullptr));
}

void make_parents(const std::string& relative) {
  for (std::size_t slash = relative.find('/'); slash != std::string::npos;
       slash = relative.find('/', slash + 1)) {
    const std::string parent = relative.substr(0, slash);
    if (mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) throw StepError{Stage::mounts, errno};
  }
}

void add_file(const std::string& source, const std::string& target) {
  make_parents(target);
  const wire::UniqueFd file(
      step(Stage::mounts, open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)));
  bind_read_only(source, target, Stage::mounts);
}

void add_system_path(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return;  // this system has none
  const std::string target = path.substr(1);
  make_parents(target);
  if (S_ISLNK(status.st_mode)) {
    char link[PATH_MAX] = {};
    step(Stage::mounts, readlink(path.c_str(), link, sizeof link - 1));
    step(Stage::mounts, symlink(link, target.c_str()));
    return;
  }
  if (!S_ISDIR(status.st_mode)) return add_file(path, target);
  step(Stage::mounts, mkdir(target.c_str(), 0755));
  bind_read_only(path, target, Stage::mounts);
}

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
  constexpr Stage stage = Stage::core_folder;
  const std::string target = std::string(kCoreMount).substr(1);
  step(stage, mkdir(target.c_str(), 0755));
  step(stage, mount(folder.c_str(), target.c_str(), nullptr, MS_BIND, nullptr));
  step(stage,
       mount(nullptr, target.c_str(), nullptr,
             MS_REMOUNT | MS_BIND | MS_NOEXEC | kQuiet | kept_flags(target.c_str()), nullptr));
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
