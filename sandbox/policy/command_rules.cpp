// The rules of the filter of a command that is kept for a job.
#include <errno.h>
#include <linux/fs.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sandbox/policy/filter_rules.hpp"

namespace bulkhead::sandbox {
namespace {

// Of the kernel's asm/prctl.h, which other machines lack.
constexpr std::uint32_t kArchSetFs = 0x1002, kArchCetStatus = 0x3001;

constexpr Rule kFileRules[] = {
    {"open"},
    {"openat"},
    {"creat"},
    {"stat"},
    {"lstat"},
    {"newfstatat"},
    {"statx"},
    {"statfs"},
    {"fstatfs"},
    {"access"},
    {"faccessat"},
    {"faccessat2"},
    {"readlink"},
    {"readlinkat"},
    {"getcwd"},
    {"getdents"},
    {"getdents64"},
    {"chdir"},
    {"fchdir"},
    {"mkdir"},
    {"mkdirat"},
    {"rmdir"},
    {"unlink"},
    {"unlinkat"},
    {"rename"},
    {"renameat"},
    {"renameat2"},
    {"link"},
    {"linkat"},
    {"symlink"},
    {"symlinkat"},
    {"chmod"},
    {"fchmod"},
    {"fchmodat"},
    {"chown"},
    {"fchown"},
    {"fchownat"},
    {"lchown"},
    {"umask"},
    {"utime"},
    {"utimes"},
    {"utimensat"},
    {"futimesat"},
    {"mknod"},
    {"mknodat"},
    {"truncate"},
    {"ftruncate"},
    {"fallocate"},
    {"fadvise64"},
    {"readahead"},
    {"flock"},
    {"fsync"},
    {"fdatasync"},
    {"copy_file_range"},
    {"sendfile"},
    {"memfd_create"},
    {"inotify_init"},
    {"inotify_init1"},
    {"inotify_add_watch"},
    {"inotify_rm_watch"},
    {"getxattr"},
    {"lgetxattr"},
    {"fgetxattr"},
    {"listxattr"},
    {"llistxattr"},
    {"flistxattr"},
};
constexpr Part kFiles{"files",
                      "Files as a program uses them. What it can reach is for the private "
                      "root and Landlock to say; no handles by which files are opened "
                      "around both, no mounts.",
                      kFileRules};

constexpr Rule kStreamRules[] = {
    {"read"},
    {"readv"},
    {"pread64"},
    {"preadv"},
    {"preadv2"},
    {"write"},
    {"writev"},
    {"pwrite64"},
    {"pwritev"},
    {"pwritev2"},
    {"close"},
    {"close_range"},
    {"lseek"},
    {"fstat"},
    {"dup"},
    {"dup2"},
    {"dup3"},
    {"fcntl"},
    {"pipe"},
    {"pipe2"},
    {"poll"},
    {"ppoll"},
    {"select"},
    {"pselect6"},
    {"epoll_create"},
    {"epoll_create1"},
    {"epoll_ctl"},
    {"epoll_wait"},
    {"epoll_pwait"},
    {"epoll_pwait2"},
    {"eventfd"},
    {"eventfd2"},
    {"signalfd"},
    {"signalfd4"},
    {"timerfd_create"},
    {"timerfd_settime"},
    {"timerfd_gettime"},
    {"splice"},
    {"tee"},
    {"ioctl", 0, {is_int(1, FIONBIO)}},
    {"ioctl", 0, {is_int(1, FIOCLEX)}},
    {"ioctl", 0, {is_int(1, FIONCLEX)}},
    {"ioctl", 0, {is_int(1, FIONREAD)}},
    {"ioctl", ENOTTY, {is_int(1, TCGETS)}},
    {"ioctl", ENOTTY, {is_int(1, TIOCGWINSZ)}},
    {"ioctl", ENOTTY, {is_int(1, TIOCGPGRP)}},
    {"ioctl", EOPNOTSUPP, {is_int(1, FICLONE)}},
};
constexpr Part kStreams{"streams",
                        "Descriptors that are open, pipes, and waiting for them. There is "
                        "no terminal.",
                        kStreamRules};

constexpr std::uint32_t kNamespaceFlags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                          CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                                          CLONE_NEWCGROUP;
constexpr Rule kProcessRules[] = {
    // clone3 has its flags in memory, where a filter can't look; glibc falls back to clone.
    {"clone", 0, {bits_are(0, kNamespaceFlags, 0)}},
    {"fork"},
    {"vfork"},
    {"execve"},
    {"execveat"},
    {"exit"},
    {"exit_group"},
    {"wait4"},
    {"waitid"},
    {"kill"},
    {"tkill"},
    {"tgkill"},
    {"pidfd_open"},
    {"pidfd_send_signal"},
    {"getpid"},
    {"getppid"},
    {"gettid"},
    {"setpgid"},
    {"getpgid"},
    {"getpgrp"},
    {"setsid"},
    {"getsid"},
    {"getuid"},
    {"geteuid"},
    {"getgid"},
    {"getegid"},
    {"getresuid"},
    {"getresgid"},
    {"getgroups"},
    {"setuid"},
    {"setgid"},
    {"setreuid"},
    {"setregid"},
    {"setresuid"},
    {"setresgid"},
    {"capget"},
    {"set_tid_address"},
    {"set_robust_list"},
    {"get_robust_list"},
    {"rseq"},
    {"futex"},
    {"sched_yield"},
    {"sched_getaffinity"},
    {"sched_setaffinity"},
    {"sched_getparam"},
    {"sched_getscheduler"},
    {"sched_get_priority_max"},
    {"sched_get_priority_min"},
    {"getpriority"},
    {"setpriority"},
    {"getrlimit"},
    {"setrlimit"},
    {"prlimit64"},
    {"getrusage"},
    {"times"},
    {"sysinfo"},
    {"uname"},
    {"getcpu"},
    {"membarrier"},
    {"getrandom"},
    {"restart_syscall"},
    {"prctl", 0, {is_int(0, PR_SET_NAME)}},
    {"prctl", 0, {is_int(0, PR_GET_NAME)}},
    {"prctl", 0, {is_int(0, PR_SET_VMA)}},
    {"prctl", 0, {is_int(0, PR_SET_PDEATHSIG)}},
    {"prctl", 0, {is_int(0, PR_GET_DUMPABLE)}},
    {"prctl", 0, {is_int(0, PR_SET_DUMPABLE)}},
    {"prctl", 0, {is_int(0, PR_SET_NO_NEW_PRIVS)}},
    {"prctl", 0, {is_int(0, PR_SET_CHILD_SUBREAPER)}},
    {"prctl", 0, {is_int(0, PR_CAPBSET_READ)}},
    {"arch_prctl", 0, {is_int(0, kArchSetFs)}},
    {"arch_prctl", EINVAL, {is_int(0, kArchCetStatus)}},
    {"personality", 0, {is_int(0, 0xffffffffu)}},  // asks only
};
constexpr Part kProcesses{"processes",
                          "Processes and threads in the namespaces that the jail has: no "
                          "new ones, no tracing, no memory of others.",
                          kProcessRules};

constexpr Rule kMemoryRules[] = {
    {"mmap"},    {"mprotect"}, {"munmap"}, {"mremap"},  {"brk"},        {"madvise"}, {"msync"},
    {"mincore"}, {"mlock"},    {"mlock2"}, {"munlock"}, {"shmget"},     {"shmat"},   {"shmdt"},
    {"shmctl"},  {"semget"},   {"semop"},  {"semctl"},  {"semtimedop"},
};
constexpr Part kMemory{"memory",
                       "Memory, also executable: a command may be a compiler or a runtime "
                       "that makes code.",
                       kMemoryRules};

constexpr Rule kSignalRules[] = {
    {"rt_sigaction"},  {"rt_sigprocmask"},   {"rt_sigreturn"},  {"rt_sigsuspend"},
    {"rt_sigpending"}, {"rt_sigtimedwait"},  {"sigaltstack"},   {"pause"},
    {"alarm"},         {"setitimer"},        {"getitimer"},     {"clock_gettime"},
    {"clock_getres"},  {"clock_nanosleep"},  {"nanosleep"},     {"gettimeofday"},
    {"time"},          {"timer_create"},     {"timer_settime"}, {"timer_gettime"},
    {"timer_delete"},  {"timer_getoverrun"},
};
constexpr Part kSignals{"signals", "Signals, clocks and timers.", kSignalRules};

constexpr Rule kSocketRules[] = {
    {"socket", 0, {is_int(0, AF_UNIX)}},
    {"socketpair", 0, {is_int(0, AF_UNIX)}},
    {"bind"},
    {"connect"},
    {"listen"},
    {"accept"},
    {"accept4"},
    {"getsockname"},
    {"getpeername"},
    {"setsockopt"},
    {"getsockopt"},
    {"sendto"},
    {"sendmsg"},
    {"sendmmsg"},
    {"recvfrom"},
    {"recvmsg"},
    {"recvmmsg"},
    {"shutdown"},
};
constexpr Part kSockets{
    "sockets", "Sockets between the command's own processes. There is no network.", kSocketRules};

constexpr const Part* kParts[] = {&kFiles, &kStreams, &kProcesses, &kMemory, &kSignals, &kSockets};

}  // namespace

std::span<const Part* const> command_filter() { return kParts; }

}  // namespace bulkhead::sandbox
