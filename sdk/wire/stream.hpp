// A Cap'n Proto message stream over a non-blocking Unix socket, behind the frame guard.
//
// It belongs to a Reactor: all functions run inside one of its turns.
#pragma once

#include <sys/uio.h>
#include <capnp/serialize-async.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sdk/wire/frame.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::wire {

// For a TwoPartyVatNetwork on a GuardedStream, which has limits of its own: Cap'n Proto would
// refuse to send what its default would not read.
inline capnp::ReaderOptions rpc_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = UINT64_MAX / 16;
  return options;
}

class GuardedStream final : public capnp::MessageStream {
 public:
  using Clock = std::chrono::steady_clock;

  GuardedStream(UniqueFd socket, FrameLimits limits);

  int fd() const { return socket_.get(); }
  // Tries pending reads and writes, at most `budget` frames, and fulfils their promises. True when
  // it did something.
  bool progress(unsigned budget);
  // The socket may have something: progress() does not look before it is told so.
  void note_readable() { readable_ = true; }
  // Sends what was written: small messages of one turn leave together.
  bool flush();
  // Bytes wait to be written, and the peer does not take them.
  bool write_blocked() const { return !unsent_.empty(); }
  // Since when the peer owes the rest of a frame (slow loris), if it does.
  std::optional<Clock::time_point> partial_since() const { return partial_since_; }
  // Why the stream ended, in words: empty while it lives or when the peer closed it in order.
  const std::string& violation() const { return violation_; }
  bool ended() const { return ended_; }
  std::size_t unsent_bytes() const;

  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> tryReadMessage(
      kj::ArrayPtr<kj::AutoCloseFd> fd_space, capnp::ReaderOptions options,
      kj::ArrayPtr<capnp::word> scratch) override;
  kj::Promise<void> writeMessage(
      kj::ArrayPtr<const int> fds,
      kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void> writeMessages(
      kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  kj::Maybe<int> getSendBufferSize() override;
  kj::Promise<void> end() override;

 private:
  using ReadResult = kj::Maybe<capnp::MessageReaderAndFds>;

  bool read_some();
  bool deliver();
  void seal();
  void fail(const std::string& why);

  UniqueFd socket_;
  FrameReader frames_;
  kj::Own<FrameMessage> ready_;
  kj::Own<kj::PromiseFulfiller<ReadResult>> reader_;
  std::vector<std::uint32_t> header_;           // of a large message in writing
  std::vector<std::byte> small_;                // whole small messages, not yet on their way
  std::vector<std::vector<std::byte>> sealed_;  // what unsent_ points to
  // In order: sealed small messages, then at most one large one, whose segments live until its
  // promise is fulfilled.
  std::vector<iovec> unsent_;
  kj::Own<kj::PromiseFulfiller<void>> writer_;
  std::optional<Clock::time_point> partial_since_;
  std::string violation_;
  bool ended_ = false;
  bool write_failed_ = false;
  bool readable_ = true;
};

}  // namespace bulkhead::wire
