// A bare Cap'n Proto RPC connection over a socketpair to a second process, with KJ's standard event
// loop on both sides: the peer of a call into a cell.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace bulkhead::bench {

// The client belongs to the thread that made it: KJ's event loops do.
class PingPeer {
 public:
  // Starts this program again as the server (see serve_ping_if_asked).
  PingPeer();
  ~PingPeer();
  PingPeer(const PingPeer&) = delete;
  PingPeer& operator=(const PingPeer&) = delete;

  // Sends the text, waits for its size.
  std::uint64_t count(std::string_view text);
  // So many calls, never more than `in_flight` of them at once.
  void count_many(std::string_view text, unsigned calls, unsigned in_flight);
  pid_t process() const;

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

// First thing in main: when this process was started as the server of a PingPeer, serves until the
// client is gone and ends the process.
void serve_ping_if_asked(int argc, char** argv);

}  // namespace bulkhead::bench
