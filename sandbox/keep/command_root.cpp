#include "sandbox/keep/command_root.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "sandbox/launch/identity.hpp"
#include "sandbox/launch/mounts.hpp"
#include "sandbox/launch/private_root.hpp"
#include "sandbox/launch/step.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr Stage kStage = Stage::mounts;

// Of the system as it is here. Not /etc as a whole: it holds what is nobody's business.
constexpr const char* kSystem[] = {"/usr",
                                   "/bin",
                                   "/sbin",
                                   "/lib",
                                   "/lib32",
                                   "/lib64",
                                   "/libx32",
                                   "/etc/alternatives",
                                   "/etc/ld.so.cache",
                                   "/etc/localtime",
                                   "/etc/mime.types"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom"};

void add_file(const char* path, const std::string& text) {
  const wire::UniqueFd file(
      step(kStage, open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)));
  step(kStage, write(file.get(), text.data(), text.size()));
}

// Names for the one user and group that there are.
void add_names() {
  const std::string id = std::to_string(kCellUser);
  if (mkdir("etc", 0755) != 0 && errno != EEXIST) throw StepError{kStage, errno};
  add_file("etc/passwd", "job:x:" + id + ":" + id + "::/work:/bin/sh\n");
  add_file("etc/group", "job:x:" + id + ":\n");
  add_file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
  add_file("etc/hosts", "127.0.0.1 localhost\n");
}

void add_devices() {
  step(kStage, mkdir("dev", 0755));
  for (const char* name : kDevices) {
    const std::string source = std::string("/dev/") + name, target = source.substr(1);
    add_file(target.c_str(), "");
    step(kStage, mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr));
  }
}

void add_work(std::uint64_t bytes, uid_t user, gid_t group) {
  std::string options = "mode=0700,nr_inodes=" + std::to_string(bytes / 4096 + 1024) +
                        ",size=" + std::to_string(bytes);
  if (user != static_cast<uid_t>(-1)) {
    options += ",uid=" + std::to_string(user) + ",gid=" + std::to_string(group);
  }
  step(kStage, mkdir("work", 0755));
  step(kStage, mount("bulkhead", "work", "tmpfs", kQuiet, options.c_str()));
  step(kStage, symlink("work", "tmp"));
}

}  // namespace

void enter_command_root(std::uint64_t work_bytes, uid_t user, gid_t group) {
  step(kStage, mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  // /proc hides no system path, and no device.
  step(kStage, mount("bulkhead", "/proc", "tmpfs", kQuiet | MS_NOEXEC,
                     "mode=0755,size=256k,nr_inodes=128"));
  step(kStage, chdir("/proc"));
  for (const char* path : kSystem) add_system_path(path);
  add_names();
  add_devices();
  add_work(work_bytes, user, group);

  step(kStage, syscall(SYS_pivot_root, ".", "."));
  step(kStage, umount2(".", MNT_DETACH));  // the old root, now on top of the new one
  step(kStage, chdir("/"));                // a failed one would leave a way out
  step(kStage, mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC | kQuiet,
                     nullptr));
}

}  // namespace bulkhead::sandbox
