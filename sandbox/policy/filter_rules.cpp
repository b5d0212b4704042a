#include "sandbox/policy/filter_rules.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace bulkhead::sandbox {
namespace {

constexpr std::uint32_t kWriteExec = PROT_WRITE | PROT_EXEC;
// What pthread_create of glibc asks for, exactly.
constexpr std::uint32_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |
                                       CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS |
                                       CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
constexpr std::uint32_t kForkFlags = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
constexpr std::uint32_t kSpawnFlags = CLONE_VM | CLONE_VFORK | SIGCHLD;
// Operation of a futex call, without the flags PRIVATE and CLOCK_REALTIME.
constexpr std::uint32_t kFutexOperation = FUTEX_CMD_MASK;

constexpr Rule kStreamRules[] = {
    {"read"},
    {"readv"},
    {"write"},
    {"writev"},
    {"recvmsg"},
    {"recvfrom"},
    {"sendmsg"},
    {"sendto"},
    {"shutdown"},
    {"close"},
    {"lseek"},
    {"pread64"},
    {"fstat"},
    // fstat of glibc 2.33 and later. The path argument can't be compared; the private root has
    // nothing to learn from.
    {"newfstatat", 0, {bits_are(3, AT_EMPTY_PATH, AT_EMPTY_PATH)}},
    {"fcntl", 0, {is_int(1, F_GETFD)}},
    {"fcntl", 0, {is_int(1, F_SETFD)}},
    {"fcntl", 0, {is_int(1, F_GETFL)}},
    {"fcntl", 0, {is_int(1, F_SETFL)}},
    {"fcntl", 0, {is_int(1, F_DUPFD_CLOEXEC)}},
    {"ioctl", 0, {is_int(1, FIONBIO)}},
};
constexpr Part kStreams{"streams",
                        "Reads and writes on descriptors that are already open: the socket to the "
                        "host, the log, data files.",
                        kStreamRules};

constexpr Rule kEventLoopRules[] = {
    {"epoll_create1"}, {"epoll_ctl"}, {"epoll_wait"}, {"epoll_pwait"},
    {"epoll_pwait2"},  {"eventfd2"},  {"poll"},       {"ppoll"},
};
constexpr Part kEventLoop{"event loop", "The server loop of the cell waits on its socket.",
                          kEventLoopRules};

constexpr Rule kMemoryRules[] = {
    {"mmap", 0, {bits_are(2, PROT_EXEC, 0)}},
    {"mprotect", 0, {bits_are(2, PROT_EXEC, 0)}},
    {"munmap"},
    {"mremap"},
    {"brk"},
    {"madvise", 0, {is_int(2, MADV_NORMAL)}},
    {"madvise", 0, {is_int(2, MADV_RANDOM)}},
    {"madvise", 0, {is_int(2, MADV_SEQUENTIAL)}},
    {"madvise", 0, {is_int(2, MADV_WILLNEED)}},
    {"madvise", 0, {is_int(2, MADV_DONTNEED)}},
    {"madvise", 0, {is_int(2, MADV_FREE)}},
    {"madvise", 0, {is_int(2, MADV_HUGEPAGE)}},
    {"madvise", 0, {is_int(2, MADV_NOHUGEPAGE)}},
};
constexpr Part kMemory{"memory",
                       "Allocation and data mappings. Nothing becomes executable; memory is never "
                       "offered for merging with other processes' pages.",
                       kMemoryRules};

constexpr Rule kThreadRules[] = {
    {"clone", 0, {is(0, kThreadFlags)}},
    {"set_robust_list"},
    {"rseq"},
    {"set_tid_address"},
    {"futex", 0, {bits_are(1, kFutexOperation & 0xffffffffu, FUTEX_WAIT)}},
    {"futex", 0, {bits_are(1, kFutexOperation & 0xffffffffu, FUTEX_WAKE)}},
    {"futex", 0, {bits_are(1, kFutexOperation & 0xffffffffu, FUTEX_REQUEUE)}},
    {"futex", 0, {bits_are(1, kFutexOperation & 0xffffffffu, FUTEX_CMP_REQUEUE)}},
    {"futex", 0, {bits_are(1, kFutexOperation & 0xffffffffu, FUTEX_WAKE_OP)}},
    {"futex", 0, {bits_are(1, kFutexOperation & 0xffffffffu, FUTEX_WAIT_BITSET)}},
    {"futex", 0, {bits_are(1, kFutexOperation & 0xffffffffu, FUTEX_WAKE_BITSET)}},
    {"sched_yield"},
    {"sched_getaffinity"},
    {"membarrier"},
    {"prctl", 0, {is_int(0, PR_SET_NAME)}},
    {"prctl", 0, {is_int(0, PR_GET_NAME)}},
    {"prctl", 0, {is_int(0, PR_SET_VMA)}},
};
constexpr Part kThreads{"threads",
                        "Threads as pthread_create makes them, and what mutexes and condition "
                        "variables sleep on. No priority-inheritance futexes.",
                        kThreadRules};

constexpr Rule kSignalRules[] = {
    {"rt_sigaction"},
    {"rt_sigprocmask"},
    {"rt_sigreturn"},
    {"sigaltstack"},
    {"restart_syscall"},
    {"tgkill", 0, {is_int(0, kOwnPid)}},
    {"kill", 0, {is_int(0, kOwnPid)}},
};
constexpr Part kSignals{"signals", "Handlers, and signals to the process itself: abort().",
                        kSignalRules};

constexpr Rule kTimeRules[] = {
    {"clock_gettime"}, {"clock_getres"}, {"clock_nanosleep"}, {"nanosleep"},
    {"gettimeofday"},  {"time"},         {"times"},
};
constexpr Part kTime{"time", "Clocks and sleeping.", kTimeRules};

constexpr Rule kFactRules[] = {
    {"getpid"},    {"gettid"},
    {"getppid"},   {"getuid"},
    {"geteuid"},   {"getgid"},
    {"getegid"},   {"getrandom"},
    {"uname"},     {"sysinfo"},
    {"getrusage"}, {"getcpu"},
    {"getrlimit"}, {"prlimit64", 0, {is_int(0, 0), is(2, 0)}},
};
constexpr Part kFacts{"facts", "What a process may know of itself and of the machine; randomness.",
                      kFactRules};

constexpr Rule kEndRules[] = {{"exit"}, {"exit_group"}};
constexpr Part kEnd{"end", "Threads and the process end.", kEndRules};

constexpr Rule kRefusalRules[] = {
    // glibc tries these first and falls back to clone, poll and openat.
    {"clone3", ENOSYS},
    {"pidfd_open", ENOSYS},
    {"openat2", ENOSYS},
    // A plugin can't start a process; system() and posix_spawn() report it.
    {"fork", EPERM},
    {"vfork", EPERM},
    {"clone", EPERM, {is(0, kForkFlags)}},
    {"clone", EPERM, {is(0, kSpawnFlags)}},
    // Thread pools and cryptographic libraries try to pin threads and memory, and go on without.
    {"sched_setaffinity", EPERM},
    {"sched_setscheduler", EPERM},
    {"sched_setparam", EPERM},
    {"setpriority", EPERM},
    {"mlock", EPERM},
    {"mlock2", EPERM},
    {"munlock", EPERM},
    {"prlimit64", EPERM, {is_not(2, 0)}},
    {"prlimit64", EPERM, {is(2, 0), Argument{0, Compare::not_equal, 0, 0}}},
    {"setrlimit", EPERM},
    // isatty() on a descriptor.
    {"ioctl", ENOTTY, {is_int(1, TCGETS)}},
    {"ioctl", ENOTTY, {is_int(1, TIOCGWINSZ)}},
};
constexpr Part kRefusals{"refusals", "Calls that common libraries probe, answered with an errno.",
                         kRefusalRules};

// One set of rules for open and openat: reading only.
#define BULKHEAD_OPEN_RULES(call, flags)                                                           \
  {call, 0, {bits_are(flags, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)}},                           \
      {call, EACCES, {bits_are(flags, O_ACCMODE, O_WRONLY)}},                                      \
      {call, EACCES, {bits_are(flags, O_ACCMODE, O_RDWR)}},                                        \
      {call, EACCES, {bits_are(flags, O_ACCMODE | O_CREAT, O_CREAT)}}, {                           \
    call, EACCES, { bits_are(flags, O_ACCMODE | O_CREAT | O_TRUNC, O_TRUNC) }                      \
  }
constexpr Rule kFileRules[] = {
    BULKHEAD_OPEN_RULES("openat", 2),
    BULKHEAD_OPEN_RULES("open", 1),
    {"newfstatat", 0, {bits_are(3, AT_EMPTY_PATH, 0)}},
    {"statx"},
    {"stat"},
    {"lstat"},
    {"statfs"},
    {"fstatfs"},
    {"access"},
    {"faccessat"},
    {"faccessat2"},
    {"readlink"},
    {"readlinkat"},
    {"getcwd"},
    {"getdents64"},
};
#undef BULKHEAD_OPEN_RULES
constexpr Part kFiles{"files",
                      "The loader and the cell open the library and the package's data to read "
                      "them. What they can reach is for the private root and Landlock to say.",
                      kFileRules};

constexpr Rule kCodeRules[] = {
    {"mmap", 0, {bits_are(2, kWriteExec, PROT_EXEC), bits_are(3, MAP_ANONYMOUS, 0)}},
};
constexpr Part kCode{"code",
                     "dlopen maps code from files, never writable. No memory that was writable "
                     "becomes executable.",
                     kCodeRules};

// Of the kernel's asm/prctl.h, which other machines lack.
constexpr std::uint32_t kArchSetFs = 0x1002, kArchCetStatus = 0x3001;

constexpr Rule kExecRules[] = {
    // The number is the limit on descriptors: the one opened there before the limit held closes
    // with the exec, and none can take its place. So it works once.
    {"execveat", 0, {is_int(0, kExecutablePlace), is_int(4, AT_EMPTY_PATH)}},
    // The loader sets up its thread, and asks for shadow stacks.
    {"arch_prctl", 0, {is_int(0, kArchSetFs)}},
    {"arch_prctl", EINVAL, {is_int(0, kArchCetStatus)}},
};
constexpr Part kExec{"exec", "From the jailed process to the plugin's program, once.", kExecRules};

constexpr Rule kRuntimeRules[] = {
    {"dup"},
    {"dup2"},
    {"dup3"},
    {"fcntl", 0, {is_int(1, F_DUPFD)}},
    {"pipe2"},
    {"signalfd4"},
    {"timerfd_create"},
    {"timerfd_settime"},
    {"select"},
    {"pselect6"},
    {"epoll_create"},
    {"ioctl", 0, {is_int(1, FIOCLEX)}},
    {"ioctl", 0, {is_int(1, FIONCLEX)}},
    {"ioctl", 0, {is_int(1, FIONREAD)}},
    // A library that is given a descriptor asks what kind of socket it is.
    {"getsockname"},
    {"getpeername"},
    {"getsockopt", 0, {is_int(1, SOL_SOCKET), is_int(2, SO_TYPE)}},
    {"getsockopt", 0, {is_int(1, SOL_SOCKET), is_int(2, SO_DOMAIN)}},
    {"getsockopt", 0, {is_int(1, SOL_SOCKET), is_int(2, SO_PROTOCOL)}},
    {"getsockopt", 0, {is_int(1, SOL_SOCKET), is_int(2, SO_ERROR)}},
};
constexpr Part kRuntime{"runtime",
                        "What runtimes of other languages and their event loops do with the "
                        "descriptors that they have. Nothing here reaches another process.",
                        kRuntimeRules};

constexpr Rule kLockRules[] = {
    {"seccomp", 0, {is_int(0, SECCOMP_SET_MODE_FILTER), is_int(1, SECCOMP_FILTER_FLAG_TSYNC)}},
};
constexpr Part kLock{"lock", "The step from this filter to the next, for all threads.", kLockRules};

constexpr Rule kDevelopmentRules[] = {
    // UndefinedBehaviorSanitizer finds out whether it may read memory by writing it to a pipe.
    {"pipe"},
    {"pipe2"},
    // AddressSanitizer keeps its terabytes of shadow out of core dumps.
    {"madvise", 0, {is_int(2, MADV_DONTDUMP)}},
};
constexpr Part kDevelopment{"development",
                            "What the sanitizers of a plugin call; for development cells only.",
                            kDevelopmentRules};

constexpr Rule kInitRules[] = {
    {"wait4"}, {"write"}, {"exit_group"}, {"rt_sigreturn"}, {"restart_syscall"},
};
constexpr Part kInit{"init", "Waits for the cell, writes its exit status to a pipe, ends.",
                     kInitRules};

constexpr const Part* kLoadParts[] = {&kStreams,  &kEventLoop, &kMemory, &kThreads,
                                      &kSignals,  &kTime,      &kFacts,  &kEnd,
                                      &kRefusals, &kFiles,     &kCode,   &kLock};
constexpr const Part* kLockParts[] = {&kStreams, &kEventLoop, &kMemory, &kThreads, &kSignals,
                                      &kTime,    &kFacts,     &kEnd,    &kRefusals};
constexpr const Part* kExecParts[] = {&kStreams, &kEventLoop, &kMemory, &kThreads,  &kSignals,
                                      &kTime,    &kFacts,     &kEnd,    &kRefusals, &kFiles,
                                      &kCode,    &kExec,      &kRuntime};
constexpr const Part* kDevelopmentLoadParts[] = {
    &kStreams, &kEventLoop, &kMemory, &kThreads, &kSignals, &kTime,       &kFacts,
    &kEnd,     &kRefusals,  &kFiles,  &kCode,    &kLock,    &kDevelopment};
constexpr const Part* kDevelopmentLockParts[] = {&kStreams,  &kEventLoop, &kMemory,     &kThreads,
                                                 &kSignals,  &kTime,      &kFacts,      &kEnd,
                                                 &kRefusals, &kFiles,     &kDevelopment};
constexpr const Part* kInitParts[] = {&kInit};

}  // namespace

std::span<const Part* const> load_filter() { return kLoadParts; }
std::span<const Part* const> lock_filter() { return kLockParts; }
std::span<const Part* const> development_load_filter() { return kDevelopmentLoadParts; }
std::span<const Part* const> development_lock_filter() { return kDevelopmentLockParts; }
std::span<const Part* const> exec_filter() { return kExecParts; }
std::span<const Part* const> init_filter() { return kInitParts; }

}  // namespace bulkhead::sandbox
