#include "sandbox/launch/identity.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/launch/step.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {
namespace {

struct Capabilities {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
};

void write_proc(int proc, const char* path, const std::string& text) {
  const wire::UniqueFd file(step(Stage::user_namespace, openat(proc, path, O_WRONLY | O_CLOEXEC)));
  step(Stage::user_namespace, write(file.get(), text.data(), text.size()));
}

}  // namespace

void become_nobody() {
  constexpr Stage stage = Stage::identity;
  step(stage, prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
  step(stage, setgroups(0, nullptr));
  step(stage, setresgid(kNobody, kNobody, kNobody));
  step(stage, setresuid(kNobody, kNobody, kNobody));
  Capabilities own;
  step(stage, syscall(SYS_capget, &own.header, own.sets));
  for (auto& set : own.sets) set.effective = set.permitted;
  step(stage, syscall(SYS_capset, &own.header, own.sets));
}

bool nobody_can_read(const std::string& folder) {
  const gid_t group = getegid();
  const uid_t user = geteuid();
  gid_t groups[256];
  const int count = getgroups(256, groups);
  if (count < 0 || setgroups(0, nullptr) != 0) return false;
  if (setresgid(-1, kNobody, -1) != 0) return false;
  bool readable = false;
  if (setresuid(-1, kNobody, -1) == 0) {
    const wire::UniqueFd descriptor(
        open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    readable = static_cast<bool>(descriptor);
    step(Stage::identity, setresuid(-1, user, -1));
  }
  step(Stage::identity, setresgid(-1, group, -1));
  step(Stage::identity, setgroups(static_cast<std::size_t>(count), groups));
  return readable;
}

void enter_user_namespace(int proc) {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  step(Stage::user_namespace, unshare(CLONE_NEWUSER));
  // The change of user made /proc/self unwritable for this process.
  step(Stage::user_namespace, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
  write_id_maps(proc, user, group);
}

void write_id_maps(int proc, uid_t user, gid_t group) {
  write_proc(proc, "self/setgroups", "deny");
  const std::string inside = std::to_string(kCellUser) + " ";
  write_proc(proc, "self/uid_map", inside + std::to_string(user) + " 1\n");
  write_proc(proc, "self/gid_map", inside + std::to_string(group) + " 1\n");
}

void drop_privileges(bool inspectable) {
  constexpr Stage stage = Stage::privileges;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Both need CAP_SETPCAP, which a process outside of a user namespace of its own may lack; it has
  // nothing to give up then, and no_new_privs keeps it so.
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  prctl(PR_SET_SECUREBITS,
        SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
            SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
            SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
        0, 0, 0);
  Capabilities none;
  step(stage, syscall(SYS_capset, &none.header, none.sets));
  step(stage, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  step(stage, prctl(PR_SET_DUMPABLE, inspectable ? 1 : 0, 0, 0, 0));
}

}  // namespace bulkhead::sandbox
