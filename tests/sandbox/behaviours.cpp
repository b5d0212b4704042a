#include "tests/sandbox/behaviours.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

namespace bulkhead::test {
namespace {

using cell::Start;

std::string outcome(long result) {
  return result >= 0 ? "ok" : std::string(strerrorname_np(errno));
}

std::string open_path(const Start&, const std::string& path) {
  return outcome(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string write_path(const Start&, const std::string& path) {
  return outcome(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

std::string read_path(const Start&, const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return outcome(file);
  char text[256];
  const ssize_t size = read(file, text, sizeof text);
  close(file);
  return size < 0 ? outcome(size) : std::string(text, static_cast<std::size_t>(size));
}

// How the file system of a path is mounted: "read-only nosuid nodev".
std::string mount_of(const Start&, const std::string& path) {
  struct statfs status {};
  if (statfs(path.c_str(), &status) != 0) return outcome(-1);
  std::string flags;
  if (status.f_flags & ST_RDONLY) flags += "read-only ";
  if (status.f_flags & ST_NOSUID) flags += "nosuid ";
  if (status.f_flags & ST_NODEV) flags += "nodev ";
  return flags;
}

std::string list_path(const Start&, const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), &closedir);
  if (!folder) return outcome(-1);
  std::string names;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names += name + " ";
  }
  return names;
}

// The lock is installed, or the reason why not.
std::string lock(const Start& start, const std::string&) {
  const int error = start.lock();
  return error == 0 ? "ok" : strerrorname_np(error);
}

std::string open_descriptors(const Start&, const std::string&) {
  std::string open_ones;
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) open_ones += std::to_string(descriptor) + " ";
  }
  return open_ones;
}

std::string environment(const Start&, const std::string&) {
  return environ == nullptr || *environ == nullptr ? "empty" : *environ;
}

std::string identity(const Start&, const std::string&) {
  return std::to_string(getuid()) + " " + std::to_string(getgid()) + " " + std::to_string(getpid());
}

std::string start_thread(const Start&, const std::string&) {
  int value = 0;
  std::thread([&value] { value = 42; }).join();
  return std::to_string(value);
}

// How many threads run at once before the limit.
std::string count_threads(const Start&, const std::string&) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  try {
    while (threads.size() < 1000) {
      threads.emplace_back([&stop] {
        while (!stop) std::this_thread::yield();
      });
    }
  } catch (const std::system_error&) {
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  return std::to_string(threads.size() + 1);
}

// A thread that is older than the lock opens a file after it.
std::string open_from_old_thread(const Start& start, const std::string& path) {
  std::atomic<bool> locked{false};
  std::string result;
  std::thread thread([&] {
    while (!locked) std::this_thread::yield();
    result = open_path(start, path);
  });
  const int error = start.lock();
  locked = true;
  thread.join();
  return error == 0 ? result : strerrorname_np(error);
}

std::string allocate(const Start&, const std::string& bytes) {
  void* memory = mmap(nullptr, std::stoull(bytes), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? outcome(-1) : "ok";
}

std::string open_many(const Start&, const std::string&) {
  while (fcntl(0, F_DUPFD_CLOEXEC, 0) >= 0) {
  }
  return outcome(-1);
}

std::string socket_inet(const Start&, const std::string&) {
  return outcome(socket(AF_INET, SOCK_STREAM, 0));
}
std::string socket_unix(const Start&, const std::string&) {
  return outcome(socket(AF_UNIX, SOCK_STREAM, 0));
}
std::string do_fork(const Start&, const std::string&) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return outcome(child);
}
std::string do_vfork(const Start&, const std::string&) {
  return outcome(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr, 0, 0, 0));
}
std::string spawn(const Start&, const std::string&) {
  char program[] = "/bin/true";
  char* arguments[] = {program, nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, program, nullptr, nullptr, arguments, environ);
  return error == 0 ? "ok" : strerrorname_np(error);
}
std::string exec(const Start&, const std::string&) {
  return outcome(execl("/bin/true", "true", nullptr));
}
// What a cell became an executable with, and what is left of that.
std::string exec_again(const Start&, const std::string& descriptor) {
  const char* const arguments[] = {"again", nullptr};
  return outcome(
      syscall(SYS_execveat, std::stoi(descriptor), "", arguments, environ, AT_EMPTY_PATH));
}
std::string duplicate_to(const Start&, const std::string& descriptor) {
  return outcome(dup2(0, std::stoi(descriptor)));
}
std::string clone_user_namespace(const Start&, const std::string&) {
  return outcome(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, 0, 0, 0));
}
std::string clone3(const Start&, const std::string&) {
  return outcome(syscall(SYS_clone3, nullptr, 0));
}
std::string unshare_user(const Start&, const std::string&) {
  return outcome(unshare(CLONE_NEWUSER));
}

// Memory that was written becomes code.
std::string make_executable(const Start&, const std::string&) {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return outcome(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}
std::string map_writable_code(const Start&, const std::string&) {
  void* memory =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? outcome(-1) : "ok";
}
std::string map_anonymous_code(const Start&, const std::string&) {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? outcome(-1) : "ok";
}
int opened_library = -1;
std::string open_code(const Start&, const std::string& path) {
  opened_library = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return outcome(opened_library);
}
std::string map_code(const Start&, const std::string&) {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, opened_library, 0);
  return memory == MAP_FAILED ? outcome(-1) : "ok";
}
std::string map_data(const Start&, const std::string&) {
  void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, opened_library, 0);
  return memory == MAP_FAILED ? outcome(-1) : "ok";
}
std::string load_library(const Start&, const std::string& path) {
  return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr ? "ok" : dlerror();
}

std::string trace(const Start&, const std::string&) {
  return outcome(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
}
std::string kill_pid(const Start&, const std::string& pid) {
  return outcome(kill(std::stoi(pid), 0));
}
std::string signal_self(const Start&, const std::string&) { return outcome(kill(getpid(), 0)); }
std::string set_dumpable(const Start&, const std::string&) {
  return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}
std::string new_filter(const Start&, const std::string&) {
  return outcome(syscall(SYS_seccomp, 1, 8, nullptr));  // NEW_LISTENER
}
std::string type_into_terminal(const Start&, const std::string& request) {
  return outcome(syscall(SYS_ioctl, 0, std::stoul(request, nullptr, 16), "x"));
}
std::string raise_limit(const Start&, const std::string&) {
  const rlimit limit{64, 64};
  return outcome(setrlimit(RLIMIT_NOFILE, &limit));
}
std::string limit_of_other(const Start&, const std::string&) {
  rlimit limit{};
  return outcome(prlimit(1, RLIMIT_NOFILE, nullptr, &limit));
}
std::string any_call(const Start&, const std::string& number) {
  return outcome(syscall(std::stol(number), 0, 0, 0, 0, 0, 0));
}
#if defined(__x86_64__)
std::string x32_call(const Start&, const std::string&) {
  return outcome(syscall(0x40000000 | SYS_getpid));
}
std::string int80(const Start&, const std::string&) {
  long result = 20;  // getpid
  asm volatile("int $0x80" : "+a"(result) : : "memory");
  return std::to_string(result);
}
#endif

std::string print(const Start&, const std::string&) {
  printf("to the log\n");
  fflush(stdout);
  return "ok";
}

std::string do_abort(const Start&, const std::string&) { abort(); }
std::string crash(const Start&, const std::string&) {
  volatile std::uintptr_t address = 8;
  *reinterpret_cast<volatile int*>(address) = 1;
  return "survived";
}
std::string exit_with(const Start&, const std::string& code) { _exit(std::stoi(code)); }
std::string hang(const Start&, const std::string&) {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

}  // namespace

const std::map<std::string, Behaviour>& behaviours() {
  static const std::map<std::string, Behaviour> kBehaviours = {
    {"open", &open_path},
    {"write", &write_path},
    {"read", &read_path},
    {"list", &list_path},
    {"mount", &mount_of},
    {"lock", &lock},
    {"descriptors", &open_descriptors},
    {"environment", &environment},
    {"identity", &identity},
    {"thread", &start_thread},
    {"threads", &count_threads},
    {"old-thread-opens", &open_from_old_thread},
    {"allocate", &allocate},
    {"descriptor-flood", &open_many},
    {"socket-inet", &socket_inet},
    {"socket-unix", &socket_unix},
    {"fork", &do_fork},
    {"vfork", &do_vfork},
    {"posix-spawn", &spawn},
    {"exec", &exec},
    {"exec-again", &exec_again},
    {"duplicate-to", &duplicate_to},
    {"clone-user", &clone_user_namespace},
    {"clone3", &clone3},
    {"unshare", &unshare_user},
    {"make-executable", &make_executable},
    {"map-writable-code", &map_writable_code},
    {"map-anonymous-code", &map_anonymous_code},
    {"open-code", &open_code},
    {"map-code", &map_code},
    {"map-data", &map_data},
    {"dlopen", &load_library},
    {"ptrace", &trace},
    {"kill", &kill_pid},
    {"kill-self", &signal_self},
    {"set-dumpable", &set_dumpable},
    {"new-filter", &new_filter},
    {"ioctl", &type_into_terminal},
    {"set-limit", &raise_limit},
    {"limit-of-other", &limit_of_other},
    {"call", &any_call},
    {"print", &print},
    {"abort", &do_abort},
    {"crash", &crash},
    {"exit", &exit_with},
    {"hang", &hang},
#if defined(__x86_64__)
    {"x32", &x32_call},
    {"int80", &int80},
#endif
  };
  return kBehaviours;
}

}  // namespace bulkhead::test
