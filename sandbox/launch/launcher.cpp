#include "sandbox/launch/launcher.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bulkhead/abi/core.h>

#include <algorithm>
#include <array>

#include "sandbox/launch/connection.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr std::chrono::seconds kHelloPatience{20};
constexpr std::uint64_t kLeastMemory = std::uint64_t{64} << 20;
constexpr std::uint32_t kLeastDescriptors = 16;

[[noreturn]] void throw_errno(const std::string& what) {
  throw LaunchError("Starting a cell failed: " + what + " (" + strerror(errno) +
                    "). Check the limit on open files (ulimit -n).");
}

struct FdPair {
  wire::UniqueFd ours, theirs;
};

// Close-on-exec from the start, so that a fork of another thread does not inherit them; ours does
// not block, the cell's does.
FdPair socket_pair(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) throw_errno("making a socket pair");
  return {wire::UniqueFd(ends[0]), wire::UniqueFd(ends[1])};
}

FdPair log_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_errno("making a pipe");
  return {wire::UniqueFd(ends[0]), wire::UniqueFd(ends[1])};
}

void make_non_blocking(const wire::UniqueFd& fd) {
  fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

void check(const CellRequest& request) {
  const std::string& folder = request.package_folder;
  if (folder.empty() || folder[0] != '/' || folder.size() >= kPathSize) {
    throw LaunchError("Starting a cell failed: the package folder '" + folder +
                      "' is no absolute path of at most " + std::to_string(kPathSize - 1) +
                      " bytes.");
  }
  if (request.program &&
      (request.program->entry.empty() || request.program->entry.size() >= kEntrySize ||
       request.program->interpreter.size() >= kInterpreterSize)) {
    throw LaunchError("Starting a cell for " + folder + " failed: its entry '" +
                      request.program->entry + "' or the name of its interpreter is too long.");
  }
  if (request.core_folder.size() >= kPathSize) {
    throw LaunchError("Starting a cell for " + folder + " failed: the folder of core dumps '" +
                      request.core_folder + "' has too long a path.");
  }
  if (request.limits.memory_bytes < kLeastMemory) {
    throw LaunchError("Starting a cell for " + folder + " failed: its memory limit of " +
                      std::to_string(request.limits.memory_bytes) +
                      " bytes is too small. A cell needs at least 64 MiB of address space: raise "
                      "the limit `memory` in the policy.");
  }
  if (request.limits.threads == 0 || request.limits.descriptors < kLeastDescriptors) {
    throw LaunchError("Starting a cell for " + folder +
                      " failed: it needs at least 1 thread and 16 descriptors. Raise the limits "
                      "`threads` and `descriptors` in the policy.");
  }
}

Level level_of(const Spawned& message) {
  const std::size_t count = std::min<std::size_t>(message.finding_count, kMaxFindings);
  const std::vector<Finding> findings(message.findings, message.findings + count);
  return {level_number(findings), enforced_sentences(findings), missing_sentences(findings)};
}

CellProcess start_cell(auto& connection, Spawn& request) {
  FdPair socket = socket_pair(SOCK_STREAM);
  FdPair log = log_pipe();
  const std::array<int, 2> sent{socket.theirs.get(), log.theirs.get()};
  CellProcess cell;
  Packet packet = connection.ask(request, sent, cell.id);
  if (const Failed* failed = packet.as<Failed>()) {
    throw LaunchError(stage_sentence(failed->stage, failed->error, request.package));
  }
  const Spawned* spawned = packet.as<Spawned>();
  if (spawned == nullptr || packet.descriptors.size() != 1) {
    throw LaunchError(stage_sentence(Stage::request, EBADMSG, request.package));
  }
  make_non_blocking(socket.ours);
  make_non_blocking(log.ours);
  cell.pid = spawned->pid;
  cell.socket = std::move(socket.ours);
  cell.log = std::move(log.ours);
  cell.pidfd = std::move(packet.descriptors[0]);
  cell.root = std::string(spawned->root, strnlen(spawned->root, kPathSize));
  cell.level = level_of(*spawned);
  return cell;
}

// Waits for the launcher's first message, which shows that both are of the same build.
void receive_hello(int control, const LauncherProgram& program, const std::string& executable) {
  pollfd readable{control, POLLIN, 0};
  const auto until = std::chrono::steady_clock::now() + kHelloPatience;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    const int count = left.count() <= 0 ? 0 : poll(&readable, 1, static_cast<int>(left.count()));
    if (count > 0) break;
    if (count < 0 && errno == EINTR) continue;
    throw LaunchError("The launcher " + executable + " (process " + std::to_string(program.pid()) +
                      ") did not say hello within " + std::to_string(kHelloPatience.count()) +
                      " seconds. Is the machine overloaded?");
  }
  const std::optional<Packet> packet = receive_packet(control);
  if (!packet) {
    throw LaunchError("The launcher " + executable +
                      " ended at once; its reason may be on standard error. A library that it "
                      "needs may be missing: try running it with --version.");
  }
  const Hello* hello = packet->as<Hello>();
  const bool sanitizers = BH_BUILT_SANITIZERS != 0;
  if (hello == nullptr || (hello->has_sanitizers != 0) != sanitizers) {
    throw LaunchError("The launcher " + executable +
                      " is of another build of Bulkhead than this library. Use the one that was "
                      "installed with it.");
  }
}

}  // namespace

Profile default_profile() {
  return BH_BUILT_SANITIZERS != 0 ? Profile::sanitizer_test : Profile::strict;
}

Launcher::Launcher(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Launcher::~Launcher() = default;

std::unique_ptr<Launcher> Launcher::start(const std::string& executable,
                                          const std::string& sanitizer) {
  FdPair control = socket_pair(SOCK_SEQPACKET);
  LauncherProgram program =
      LauncherProgram::start(executable, std::move(control.theirs), sanitizer);
  try {
    receive_hello(control.ours.get(), program, executable);
    return std::unique_ptr<Launcher>(
        new Launcher(std::make_unique<Connection>(std::move(program), std::move(control.ours))));
  } catch (...) {
    control.ours.reset();
    program.finish(std::chrono::milliseconds(0));
    throw;
  }
}

CellProcess Launcher::spawn(const CellRequest& request) {
  check(request);
  Spawn message;
  message.memory_bytes = request.limits.memory_bytes;
  message.threads = request.limits.threads;
  message.descriptors = request.limits.descriptors;
  message.profile = static_cast<std::uint32_t>(request.profile);
  memcpy(message.package, request.package_folder.data(), request.package_folder.size());
  memcpy(message.core_folder, request.core_folder.data(), request.core_folder.size());
  if (request.program) {
    const CellProgram& program = *request.program;
    memcpy(message.entry, program.entry.data(), program.entry.size());
    memcpy(message.interpreter, program.interpreter.data(), program.interpreter.size());
  }
  return start_cell(*connection_, message);
}

Level Launcher::probe_level() {
  const CellLimits limits;
  Spawn message;
  message.memory_bytes = limits.memory_bytes;
  message.threads = limits.threads;
  message.descriptors = limits.descriptors;
  message.profile = static_cast<std::uint32_t>(default_profile());
  message.probe = 1;
  return start_cell(*connection_, message).level;
}

std::optional<CellExit> Launcher::wait_exit(std::uint64_t cell, std::chrono::milliseconds timeout) {
  return connection_->wait_exit(cell, timeout);
}

pid_t Launcher::pid() const { return connection_->pid(); }
bool Launcher::alive() const { return connection_->alive(); }

}  // namespace bulkhead::sandbox
