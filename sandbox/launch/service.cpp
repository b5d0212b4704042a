#include "sandbox/launch/service.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/abi/core.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "sandbox/launch/init.hpp"
#include "sandbox/launch/launcher.hpp"
#include "sandbox/launch/private_root.hpp"
#include "sandbox/policy/sanitizer_runtime.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr std::chrono::seconds kStartTime{10};

// Failures that say nothing about what this machine allows: no reason to go down a level.
bool is_passing(int error) {
  return error == ENOMEM || error == EAGAIN || error == EMFILE || error == ENFILE;
}

void kill_process(const StartedProcess& process) {
  syscall(SYS_pidfd_send_signal, process.pidfd.get(), SIGKILL, nullptr, 0);
}

// Waits for the process, and says how the cell proper ended.
CellResult reap(const StartedProcess& process) {
  int status = 0;
  rusage usage{};
  while (wait4(process.pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  CellResult result;
  if (process.result &&
      read(process.result.get(), &result, sizeof result) == static_cast<ssize_t>(sizeof result)) {
    return result;
  }
  // No inner pid 1, or it was killed before the cell ended.
  return cell_result(status, usage);
}

struct Free {
  void operator()(char* text) const { free(text); }
};

// `package` becomes its real path.
wire::UniqueFd open_package(std::string& package) {
  const std::unique_ptr<char, Free> real(realpath(package.c_str(), nullptr));
  if (!real) throw StepError{Stage::package, errno};
  package = real.get();
  if (package.size() >= kPathSize) throw StepError{Stage::package, ENAMETOOLONG};
  wire::UniqueFd folder(
      step(Stage::package, open(package.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
  // For an ordinary user's cell, who is the same user; a root host's cell tries it as itself.
  step(Stage::package, faccessat(AT_FDCWD, package.c_str(), R_OK | X_OK, AT_EACCESS));
  return folder;
}

bool is_development(const Spawn& request) {
  return request.profile == static_cast<std::uint32_t>(Profile::development);
}

Route route_of(std::uint32_t profile) {
  constexpr bool kSanitizers = BH_BUILT_SANITIZERS != 0;
  const bool wants_sanitizers = profile == static_cast<std::uint32_t>(Profile::sanitizer_test);
  const bool known = profile <= static_cast<std::uint32_t>(Profile::development);
  if (!known || wants_sanitizers != kSanitizers) throw StepError{Stage::profile, 0};
  return kSanitizers ? Route::sanitizer : best_route();
}

std::string own_file() {
  char path[kPathSize];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 && size < static_cast<ssize_t>(sizeof path)
             ? std::string(path, static_cast<std::size_t>(size))
             : std::string();
}

Filter compiled(std::span<const Part* const> parts) {
  try {
    return Filter::compile(parts);
  } catch (const std::runtime_error&) {
    throw StepError{Stage::filter, EINVAL};
  }
}

// What only a development cell has.
void add_development(const Spawn& request, JailPlan& plan) {
  plan.development = true;
  plan.core_folder = request.core_folder;
  plan.development_load = compiled(development_load_filter());
  plan.development_lock = compiled(development_lock_filter());
  if ((working_sanitizers() & BH_SANITIZER_ADDRESS) != 0) plan.program = own_file();
}

JailPlan plan_of(const Packet& packet) {
  const Spawn* request = packet.as<Spawn>();
  const bool whole = request != nullptr && packet.descriptors.size() == 2 &&
                     memchr(request->package, 0, kPathSize) != nullptr &&
                     memchr(request->entry, 0, kEntrySize) != nullptr &&
                     memchr(request->interpreter, 0, kInterpreterSize) != nullptr &&
                     memchr(request->core_folder, 0, kPathSize) != nullptr &&
                     (request->package[0] == 0) == (request->probe != 0) &&
                     (request->core_folder[0] == 0 || is_development(*request));
  if (!whole) throw StepError{Stage::request, EBADMSG};
  JailPlan plan;
  plan.route = route_of(request->profile);
  if (is_development(*request)) add_development(*request, plan);
  plan.limits = {request->memory_bytes, request->threads, request->descriptors,
                 !plan.core_folder.empty()};
  plan.package = request->package;
  if (!plan.package.empty()) plan.package_fd = open_package(plan.package);
  plan.executable.entry = request->entry;
  if (request->interpreter[0] != 0) find_interpreter_file(request->interpreter, plan.executable);
  return plan;
}

}  // namespace

Service::Service(const LauncherContext& launcher, wire::UniqueFd control, wire::UniqueFd host)
    : launcher_(launcher), control_(std::move(control)), host_(std::move(host)) {}

void Service::run() {
  std::vector<pollfd> polled;
  std::vector<std::uint64_t> tokens;
  for (;;) {
    polled.assign({{control_.get(), POLLIN, 0}, {host_.get(), POLLIN, 0}});
    tokens.clear();
    for (const auto& [token, cell] : cells_) {
      polled.push_back({cell.process.pidfd.get(), POLLIN, 0});
      polled.push_back({cell.starting ? cell.process.report.get() : -1, POLLIN, 0});
      tokens.push_back(token);
    }
    if (poll(polled.data(), polled.size(), poll_timeout()) < 0 && errno != EINTR) break;
    if (polled[1].revents != 0) break;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      // A report is read before the exit that may have followed it.
      if (polled[3 + 2 * i].revents != 0) {
        on_report(tokens[i]);
      } else if (polled[2 + 2 * i].revents != 0) {
        on_exit(tokens[i]);
      }
    }
    end_late_starts();
    if (polled[0].revents != 0 && !read_request()) break;
  }
  end_all();
}

bool Service::read_request() {
  const std::optional<Packet> packet = receive_packet(control_.get());
  if (!packet) return false;
  begin(*packet);
  return true;
}

void Service::begin(const Packet& packet) {
  const MessageHeader* header = packet.header();
  const std::uint64_t token = header == nullptr ? 0 : header->token;
  Cell cell;
  StepError error{Stage::request, EEXIST};
  if (cells_.contains(token)) return fail(token, error);
  try {
    cell.plan = plan_of(packet);
    // Duplicates: the packet keeps its own, and closes them.
    cell.plan.socket.reset(
        step(Stage::descriptors, fcntl(packet.descriptors[0].get(), F_DUPFD_CLOEXEC, 0)));
    cell.plan.log.reset(
        step(Stage::descriptors, fcntl(packet.descriptors[1].get(), F_DUPFD_CLOEXEC, 0)));
  } catch (const StepError& failed) {
    return fail(token, failed);
  }
  if (!start(cell, error)) return fail(token, error);
  cells_.emplace(token, std::move(cell));
}

bool Service::start(Cell& cell, StepError& error) {
  try {
    cell.process = start_process(launcher_, cell.plan);
    cell.deadline = Clock::now() + kStartTime;
    return true;
  } catch (const StepError& failed) {
    error = failed;
  }
  return start_lower(cell, error);
}

// Level 1 where this machine refuses more. The finding says why.
bool Service::start_lower(Cell& cell, StepError& error) {
  const bool can_lower = has_namespaces(cell.plan.route) && is_namespace_stage(error.stage) &&
                         !is_passing(error.error);
  if (!can_lower) return false;
  cell.lowered = {Fact::namespaces, 0, error.error, static_cast<std::uint32_t>(error.stage)};
  cell.plan.route = Route::none;
  return start(cell, error);
}

void Service::fail(std::uint64_t token, const StepError& error) {
  Failed message;
  message.header.token = token;
  message.stage = error.stage;
  message.error = error.error;
  send_message(control_.get(), message);  // a host that is gone is noticed by the loop
}

void Service::on_report(std::uint64_t token) {
  Cell& cell = cells_.at(token);
  std::optional<ReceivedReport> received = receive_report(cell.process.report.get());
  if (!cell.plan.executable.entry.empty()) {
    if (received && received->report.stage == Stage::none && !cell.ready) {
      cell.ready = received;  // the next is the end of its socket, or why it is still there
      return;
    }
    if (!received) received = std::exchange(cell.ready, std::nullopt);
  }
  if (received && received->report.stage == Stage::none) {
    if (announce(token, cell, *received)) return;
    kill_process(cell.process);
    reap(cell.process);
    cells_.erase(token);
    return;
  }
  kill_process(cell.process);
  reap(cell.process);
  StepError error{Stage::died, 0};
  if (received) error = {received->report.stage, received->report.error};
  if (start_lower(cell, error)) return;
  fail(token, error);
  cells_.erase(token);
}

bool Service::announce(std::uint64_t token, Cell& cell, const ReceivedReport& received) {
  Spawned message;
  message.header.token = token;
  message.pid = received.pid != 0 ? received.pid : cell.process.pid;
  std::uint32_t count = std::min<std::uint32_t>(received.report.finding_count, kMaxFindings);
  std::copy_n(received.report.findings, count, message.findings);
  if (cell.lowered.fact != Fact{} && count < kMaxFindings) message.findings[count++] = cell.lowered;
  message.finding_count = count;
  const std::string root = has_namespaces(cell.plan.route) ? kPackageMount : cell.plan.package;
  memcpy(message.root, root.data(), root.size());
  const int pidfd = cell.process.pidfd.get();
  if (const int error = send_message(control_.get(), message, {&pidfd, 1})) {
    fail(token, {Stage::descriptors, error});
    return false;
  }
  cell.starting = false;
  cell.process.report.reset();
  cell.plan = JailPlan{};
  return true;
}

void Service::on_exit(std::uint64_t token) {
  Cell& cell = cells_.at(token);
  // Its report may have come between the poll and now; on_report takes it and the next turn the
  // exit.
  if (cell.starting) return on_report(token);
  const CellResult result = reap(cell.process);
  Exited message;
  message.header.token = token;
  message.wait_status = result.wait_status;
  message.cpu_microseconds = result.cpu_microseconds;
  message.max_rss_kib = result.max_rss_kib;
  send_message(control_.get(), message);
  cells_.erase(token);
}

void Service::end_late_starts() {
  for (auto at = cells_.begin(); at != cells_.end();) {
    Cell& cell = at->second;
    if (!cell.starting || Clock::now() < cell.deadline) {
      ++at;
      continue;
    }
    kill_process(cell.process);
    reap(cell.process);
    fail(at->first, {Stage::timeout, 0});
    at = cells_.erase(at);
  }
}

int Service::poll_timeout() const {
  std::optional<Clock::time_point> next;
  for (const auto& [token, cell] : cells_) {
    if (cell.starting && (!next || cell.deadline < *next)) next = cell.deadline;
  }
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Service::end_all() {
  for (const auto& [token, cell] : cells_) kill_process(cell.process);
  for (const auto& [token, cell] : cells_) reap(cell.process);
  cells_.clear();
}

}  // namespace bulkhead::sandbox
