// The guard in front of Cap'n Proto: cuts a byte stream from a hostile peer into frames.
//
// A frame is Cap'n Proto's stream format: segment count - 1 (u32), each segment's size in words
// (u32), padding to 8 bytes, the segments. Cap'n Proto's own reader trusts the count further than
// it should (advisory 2026-03-12-0), so nothing reaches it before it is checked here.
#pragma once

#include <capnp/message.h>
#include <kj/array.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

namespace bulkhead::wire {

struct FrameLimits {
  std::uint32_t segments = 256;
  std::uint64_t bytes = std::uint64_t{1} << 30;
};

// The peer broke the framing. what() names how.
class FrameViolation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One whole frame in private memory, with the traversal and nesting limits that its size allows.
class FrameMessage final : public capnp::MessageReader {
 public:
  FrameMessage(kj::Array<capnp::word> body, std::vector<std::uint32_t> sizes);
  kj::ArrayPtr<const capnp::word> getSegment(capnp::uint id) override;

 private:
  kj::Array<capnp::word> body_;
  std::vector<kj::ArrayPtr<const capnp::word>> segments_;
};

class FrameReader {
 public:
  explicit FrameReader(FrameLimits limits = {});

  // Where the next bytes go; never empty.
  std::span<std::byte> space();
  // `size` bytes were put at the start of space().
  void commit(std::size_t size);
  // The next whole frame, or null when more bytes are needed. Throws FrameViolation; after that the
  // reader is of no use.
  kj::Own<FrameMessage> next();
  // True in the middle of a frame: the peer owes bytes.
  bool partial() const { return in_body_ || begin_ != end_; }

 private:
  bool parse_header();
  std::span<std::byte> body_bytes();

  static constexpr std::size_t kBufferSize = 16384;
  FrameLimits limits_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool in_body_ = false;
  kj::Array<capnp::word> body_storage_;
  std::size_t filled_ = 0;  // bytes of the body that arrived
  std::vector<std::uint32_t> sizes_;
};

}  // namespace bulkhead::wire
