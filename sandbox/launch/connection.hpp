// The host's end of the control socket: requests out, replies and exits in, for any thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "sandbox/launch/launcher.hpp"
#include "sandbox/launch/program.hpp"
#include "sandbox/launch/protocol.hpp"

namespace bulkhead::sandbox {

class Launcher::Connection {
 public:
  Connection(LauncherProgram program, wire::UniqueFd control);
  ~Connection();

  // Sends the request under a number of its own and waits for the answer. Throws LaunchError.
  // `id` receives the number.
  Packet ask(Spawn& request, std::span<const int> descriptors, std::uint64_t& id);
  std::optional<CellExit> wait_exit(std::uint64_t cell, std::chrono::milliseconds timeout);
  pid_t pid() const { return program_.pid(); }
  bool alive() const;

 private:
  void read_all();
  void on_packet(Packet packet);
  void on_exited(const Exited& message);
  void on_end();
  bool forked() const;
  [[noreturn]] void throw_ended() const;

  const pid_t owner_;  // the process that made this: a fork of it has no reader thread
  LauncherProgram program_;
  wire::UniqueFd control_;
  std::unique_ptr<std::thread> reader_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 1;
  bool ended_ = false;
  std::map<std::uint64_t, std::optional<Packet>> asked_;  // waiting for an answer, or having it
  std::set<std::uint64_t> running_;
  std::map<std::uint64_t, CellExit> exits_;  // the newest ones, asked for or not
};

}  // namespace bulkhead::sandbox
