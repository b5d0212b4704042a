// Who a cell is: its user, its user namespace, and the privileges that it gives up.
#pragma once

#include <sys/types.h>

#include <string>

namespace bulkhead::sandbox {

constexpr uid_t kNobody = 65534;   // what a root host's cells become
constexpr uid_t kCellUser = 1000;  // the one id that a cell's user namespace maps

// Gives up root for good but keeps the capabilities, for enter_user_namespace. Throws StepError.
void become_nobody();
// As root: whether nobody could read the folder. Leaves everything as it was.
bool nobody_can_read(const std::string& folder);

// unshare(CLONE_NEWUSER), then the maps. `proc` is a descriptor of /proc.
void enter_user_namespace(int proc);
// The maps alone, in a process that was cloned into a new user namespace: kCellUser is `user`
// outside, and so for the group.
void write_id_maps(int proc, uid_t user, gid_t group);

// Empty capability sets, locked securebits where allowed, no new privileges. `inspectable`: other
// processes of the user may trace this one, and it can dump core.
void drop_privileges(bool inspectable = false);

}  // namespace bulkhead::sandbox
