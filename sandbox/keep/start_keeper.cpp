#include "sandbox/keep/start_keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/abi/core.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "sandbox/launch/launcher.hpp"
#include "sandbox/policy/stage.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr int kPatience = 30'000;  // milliseconds; the jail itself has 20 s

[[noreturn]] void throw_error(const std::string& what, int error) {
  throw LaunchError("Starting a command failed: " + what + " (" + strerror(error) +
                    "). Check that the installation is complete, and the limits on open files, "
                    "processes and memory.");
}

// Out of the way of the places 0 to 2, also where the application has those closed.
wire::UniqueFd safe(int descriptor) {
  wire::UniqueFd copy(fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  if (!copy) throw_error("no descriptor is left", errno);
  return copy;
}

wire::UniqueFd request_file(const KeepRequest& request) {
  const std::string bytes = encode(request);
  const wire::UniqueFd file(memfd_create("bulkhead-command", MFD_CLOEXEC));
  if (!file) throw_error("memfd_create", errno);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count =
        pwrite(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (count < 0) throw_error("writing the request", errno);
    done += static_cast<std::size_t>(count);
  }
  return safe(file.get());
}

struct SpawnPlan {
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// Nothing of the application reaches the keeper: no descriptor, no signal, no environment (a build
// with sanitizers needs their options).
pid_t spawn(const std::string& launcher, const std::string& folder, int input, int output) {
  // The folder that is there now, whoever takes the place under its name later.
  const wire::UniqueFd place_of_job(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!place_of_job) throw_error("the folder " + folder + " can't be opened", errno);
  const std::string absolute = std::filesystem::absolute(launcher).string();
  SpawnPlan plan;
  posix_spawn_file_actions_addfchdir_np(&plan.actions, place_of_job.get());
  posix_spawn_file_actions_adddup2(&plan.actions, input, 0);
  posix_spawn_file_actions_adddup2(&plan.actions, output, 1);
  posix_spawn_file_actions_addopen(&plan.actions, 2, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::string word = "keep", program = absolute, place = folder;
  char* const arguments[] = {program.data(), word.data(), place.data(), nullptr};
  std::vector<std::string> kept;
  if (BH_BUILT_SANITIZERS != 0) {
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
      if (const char* value = getenv(name)) kept.push_back(std::string(name) + "=" + value);
    }
  }
  std::vector<char*> environment;
  for (std::string& entry : kept) environment.push_back(entry.data());
  environment.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, absolute.c_str(), &plan.actions, &plan.attributes, arguments,
                                environment.data());
  if (error != 0) throw_error("the launcher " + launcher + " can't be executed", error);
  return pid;
}

}  // namespace

KeepReport start_keeper(const std::string& launcher, const std::string& folder,
                        const KeepRequest& request) {
  const wire::UniqueFd input = request_file(request);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_error("no pipe could be made", errno);
  wire::UniqueFd word(ends[0]);
  wire::UniqueFd raw_output(ends[1]);
  wire::UniqueFd output = safe(raw_output.get());
  raw_output.reset();
  const pid_t pid = spawn(launcher, folder, input.get(), output.get());
  output.reset();
  // It forks at once and ends. ECHILD: the application ignores SIGCHLD.
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  pollfd polled{word.get(), POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&polled, 1, kPatience)) < 0 && errno == EINTR) {
  }
  KeepReport report;
  report.stage = static_cast<std::uint32_t>(ready == 0 ? Stage::timeout : Stage::died);
  if (ready > 0) {
    KeepReport received;
    if (read(word.get(), &received, sizeof received) == sizeof received) report = received;
  }
  return report;
}

std::string keep_failure(const KeepReport& report) {
  const auto stage = static_cast<Stage>(report.stage);
  std::string text = "The command was not started: " + std::string(stage_words(stage)) + " failed";
  if (report.error != 0) text += " (" + std::string(strerror(report.error)) + ")";
  text += ". ";
  text += is_namespace_stage(stage) || stage == Stage::limits
              ? "A command needs user, mount and pid namespaces, and Linux 5.14; most containers "
                "refuse them: run the host where they are allowed."
              : "Try it again; if it stays so, look at the system's log.";
  return text;
}

bool stop_command(int folder, std::chrono::nanoseconds grace) {
  const wire::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return false;
  // The path of the folder may be too long for an address; that of its descriptor is short.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + kControlSocket;
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  StopMessage message;
  message.grace_ns = grace.count();
  const ssize_t sent = sendto(socket.get(), &message, sizeof message, MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // A queue that is full holds the same order already.
  return sent == static_cast<ssize_t>(sizeof message) || (sent < 0 && errno == EAGAIN);
}

}  // namespace bulkhead::sandbox
