#include "sandbox/launch/connection.hpp"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace bulkhead::sandbox {
namespace {

constexpr std::chrono::seconds kPatience{20};    // for an answer: twice what a start may take
constexpr std::chrono::seconds kEndPatience{5};  // for the launcher to end its cells
constexpr std::size_t kRememberedExits = 4096;
constexpr std::chrono::hours kLongest{24 * 365};  // more overflows in the clock

// The application's signals are for its own threads.
std::unique_ptr<std::thread> start_without_signals(auto&& run) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::unique_ptr<std::thread> thread;
  try {
    thread = std::make_unique<std::thread>(std::forward<decltype(run)>(run));
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

Launcher::Connection::Connection(LauncherProgram program, wire::UniqueFd control)
    : owner_(getpid()), program_(std::move(program)), control_(std::move(control)) {
  reader_ = start_without_signals([this] { read_all(); });
}

Launcher::Connection::~Connection() {
  if (forked()) {
    // A fork of the host lets go of its copies; the launcher belongs to the original.
    static_cast<void>(reader_.release());
    return;
  }
  shutdown(control_.get(), SHUT_RDWR);
  reader_->join();
  program_.finish(kEndPatience);
}

bool Launcher::Connection::forked() const { return getpid() != owner_; }

bool Launcher::Connection::alive() const {
  const std::lock_guard lock(mutex_);
  return !forked() && !ended_ && !program_.ended();
}

void Launcher::Connection::throw_ended() const {
  throw LaunchError("The launcher (process " + std::to_string(pid()) +
                    ") has ended, and every cell with it. Open a new host; if it happens again, "
                    "look for what ends it (the kernel's log names a process that ran out of "
                    "memory).");
}

Packet Launcher::Connection::ask(Spawn& request, std::span<const int> descriptors,
                                 std::uint64_t& id) {
  if (forked()) {
    throw LaunchError(
        "This process is a fork of the one that opened the host, and can't start "
        "cells through it. Open a host after the fork.");
  }
  std::unique_lock lock(mutex_);
  if (ended_) throw_ended();
  id = next_++;
  request.header.token = id;
  asked_.emplace(id, std::nullopt);
  lock.unlock();
  const int error = send_message(control_.get(), request, descriptors);
  lock.lock();
  if (error != 0 && error != EPIPE && error != ECONNRESET) {
    asked_.erase(id);
    throw LaunchError("Starting a cell failed: the request can't be sent to the launcher (" +
                      std::string(strerror(error)) +
                      "). Check the limits on open files and memory.");
  }
  changed_.wait_for(lock, kPatience, [&] { return ended_ || asked_.at(id).has_value(); });
  std::optional<Packet> reply = std::move(asked_.at(id));
  asked_.erase(id);  // an answer that comes later ends its cell
  if (reply) return std::move(*reply);
  if (ended_) throw_ended();
  throw LaunchError("Starting a cell failed: the launcher (process " + std::to_string(pid()) +
                    ") did not answer within " + std::to_string(kPatience.count()) +
                    " seconds. Is it stopped, or the machine overloaded?");
}

std::optional<CellExit> Launcher::Connection::wait_exit(std::uint64_t cell,
                                                        std::chrono::milliseconds timeout) {
  if (forked()) return std::nullopt;
  std::unique_lock lock(mutex_);
  const auto bounded = std::min<std::chrono::milliseconds>(timeout, kLongest);
  changed_.wait_for(lock, bounded, [&] { return !running_.contains(cell); });
  const auto found = exits_.find(cell);
  return found == exits_.end() ? std::nullopt : std::optional(found->second);
}

void Launcher::Connection::read_all() {
  while (std::optional<Packet> packet = receive_packet(control_.get())) {
    on_packet(std::move(*packet));
  }
  on_end();
}

void Launcher::Connection::on_packet(Packet packet) {
  const MessageHeader* header = packet.header();
  if (header == nullptr) return;
  if (const Exited* exited = packet.as<Exited>()) return on_exited(*exited);
  const std::lock_guard lock(mutex_);
  const std::uint64_t token = header->token;
  const bool spawned = packet.as<Spawned>() != nullptr && packet.descriptors.size() == 1;
  const auto asked = asked_.find(token);
  if (spawned) running_.insert(token);
  if (asked != asked_.end()) {
    asked->second = std::move(packet);
    changed_.notify_all();
  } else if (spawned) {
    // Nobody waits for it any more.
    syscall(SYS_pidfd_send_signal, packet.descriptors[0].get(), SIGKILL, nullptr, 0);
  }
}

void Launcher::Connection::on_exited(const Exited& message) {
  const std::lock_guard lock(mutex_);
  running_.erase(message.header.token);
  exits_[message.header.token] = {message.wait_status, message.cpu_microseconds,
                                  message.max_rss_kib};
  if (exits_.size() > kRememberedExits) exits_.erase(exits_.begin());
  changed_.notify_all();
}

void Launcher::Connection::on_end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  // The kernel kills each cell when the launcher ends, whatever ended it.
  for (const std::uint64_t cell : running_) exits_[cell] = {SIGKILL, 0, 0};
  running_.clear();
  changed_.notify_all();
}

}  // namespace bulkhead::sandbox
