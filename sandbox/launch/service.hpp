// The launcher's loop: requests in, replies and exits out, until the host is gone. One thread.
#pragma once

#include <chrono>
#include <map>

#include "sandbox/launch/cell_start.hpp"
#include "sandbox/launch/protocol.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {

class Service {
 public:
  // `host` is a pidfd of the host process: its end is noticed even while other processes hold
  // copies of its end of the control socket.
  Service(const LauncherContext& launcher, wire::UniqueFd control, wire::UniqueFd host);
  // Returns when the host is gone; all cells are dead and reaped then.
  void run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Cell {
    JailPlan plan;  // with its descriptors until the cell has reported
    StartedProcess process;
    std::optional<ReceivedReport> ready;  // of an executable that is being started
    Finding lowered;                      // why it is not on the best route; fact 0: it is
    Clock::time_point deadline;
    bool starting = true;
  };
  // By the token of the request: a host numbers its requests, and so its cells.
  using Cells = std::map<std::uint64_t, Cell>;

  bool read_request();
  void begin(const Packet& packet);
  bool start(Cell& cell, StepError& error);
  bool start_lower(Cell& cell, StepError& error);
  void fail(std::uint64_t token, const StepError& error);
  // These remove the cell where it has ended.
  void on_report(std::uint64_t token);
  void on_exit(std::uint64_t token);
  void end_late_starts();
  bool announce(std::uint64_t token, Cell& cell, const ReceivedReport& received);
  void end_all();
  int poll_timeout() const;

  const LauncherContext& launcher_;
  wire::UniqueFd control_, host_;
  Cells cells_;
};

}  // namespace bulkhead::sandbox
