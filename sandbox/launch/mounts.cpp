#include "sandbox/launch/mounts.hpp"

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

void make_parents(const std::string& relative) {
  for (std::size_t slash = relative.find('/'); slash != std::string::npos;
       slash = relative.find('/', slash + 1)) {
    const std::string parent = relative.substr(0, slash);
    if (mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) throw StepError{Stage::mounts, errno};
  }
}

}  // namespace

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

void bind_writable(const std::string& source, const std::string& target, Stage stage) {
  step(stage, mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr));
  step(stage,
       mount(nullptr, target.c_str(), nullptr,
             MS_REMOUNT | MS_BIND | MS_NOEXEC | kQuiet | kept_flags(target.c_str()), nullptr));
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

}  // namespace bulkhead::sandbox
