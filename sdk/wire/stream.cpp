#include "sdk/wire/stream.hpp"

#include <sys/socket.h>
#include <kj/async.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bulkhead::wire {
namespace {

constexpr std::size_t kSmallMessage = 4096;  // bytes; copying it is cheaper than a system call
constexpr std::size_t kSmallMessages = 65536;

void append(std::vector<std::byte>& to, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  to.insert(to.end(), bytes, bytes + size);
}

}  // namespace

GuardedStream::GuardedStream(UniqueFd socket, FrameLimits limits)
    : socket_(std::move(socket)), frames_(limits) {}

std::size_t GuardedStream::unsent_bytes() const {
  std::size_t bytes = small_.size();
  for (const iovec& part : unsent_) bytes += part.iov_len;
  return bytes;
}

void GuardedStream::fail(const std::string& why) {
  if (!ended_) violation_ = why;
  ended_ = true;
  ready_ = nullptr;
}

// One recvmsg at most. True when bytes came or the stream ended.
bool GuardedStream::read_some() {
  if (ended_ || !readable_) return false;
  const std::span<std::byte> space = frames_.space();
  iovec part{space.data(), space.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;  // no control buffer: the kernel closes descriptors that the peer sends
  ssize_t size = 0;
  do {
    size = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      readable_ = false;
      return false;
    }
    if (errno == ECONNRESET) {
      ended_ = true;
      return true;
    }
    fail(std::string("the socket could not be read: ") + std::strerror(errno));
    return true;
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    fail("the peer sent a file descriptor");
    return true;
  }
  if (size == 0) {
    if (frames_.partial()) {
      fail("the peer closed the connection in the middle of a frame");
    }
    ended_ = true;
    return true;
  }
  // Less than there was room for: the socket is empty, or tells of more by a new event.
  readable_ = static_cast<std::size_t>(size) == space.size();
  frames_.commit(static_cast<std::size_t>(size));
  return true;
}

// Hands a frame, or the end, to the waiting reader. True when it did.
bool GuardedStream::deliver() {
  if (reader_.get() == nullptr) return false;
  if (ready_.get() == nullptr && !ended_) {
    try {
      ready_ = frames_.next();
    } catch (const FrameViolation& violation) {
      fail(violation.what());
    }
    if (ready_.get() == nullptr) {
      if (!frames_.partial()) {
        partial_since_.reset();
      } else if (!partial_since_) {
        partial_since_ = Clock::now();
      }
    } else {
      partial_since_.reset();
    }
  }
  if (ready_.get() != nullptr) {
    auto reader = kj::mv(reader_);
    capnp::MessageReaderAndFds result;
    result.reader = kj::mv(ready_);
    reader->fulfill(kj::mv(result));
    return true;
  }
  if (ended_) {
    auto reader = kj::mv(reader_);
    reader->fulfill(nullptr);
    return true;
  }
  return false;
}

bool GuardedStream::progress(unsigned budget) {
  bool any = flush();
  for (unsigned i = 0; i < budget && reader_.get() != nullptr; ++i) {
    if (deliver()) return true;  // the loop has work now; it polls again
    if (!read_some()) break;
    any = true;
  }
  return deliver() || any;
}

kj::Promise<GuardedStream::ReadResult> GuardedStream::tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd>,
                                                                     capnp::ReaderOptions,
                                                                     kj::ArrayPtr<capnp::word>) {
  auto paf = kj::newPromiseAndFulfiller<ReadResult>();
  reader_ = kj::mv(paf.fulfiller);
  return kj::mv(paf.promise);
}

// Small messages take their place in the order of sending.
void GuardedStream::seal() {
  if (small_.empty()) return;
  sealed_.push_back(std::move(small_));
  small_.clear();
  unsent_.push_back({sealed_.back().data(), sealed_.back().size()});
}

bool GuardedStream::flush() {
  seal();
  bool any = false;
  while (!unsent_.empty()) {
    msghdr message{};
    message.msg_iov = unsent_.data();
    message.msg_iovlen = std::min<std::size_t>(unsent_.size(), 64);
    const ssize_t sent = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return any;
      // The reader learns of the end from the socket itself; here the messages are only dropped.
      write_failed_ = true;
      unsent_.clear();
      break;
    }
    any = true;
    auto size = static_cast<std::size_t>(sent);
    std::size_t done = 0;
    while (done < unsent_.size() && size >= unsent_[done].iov_len) size -= unsent_[done++].iov_len;
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(done));
    if (size > 0) {
      unsent_.front().iov_base = static_cast<std::byte*>(unsent_.front().iov_base) + size;
      unsent_.front().iov_len -= size;
    }
  }
  sealed_.clear();
  if (writer_.get() != nullptr) {
    auto writer = kj::mv(writer_);
    writer->fulfill();
    any = true;
  }
  return any;
}

kj::Promise<void> GuardedStream::writeMessage(
    kj::ArrayPtr<const int>, kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  if (write_failed_) return kj::READY_NOW;
  header_.assign(1, static_cast<std::uint32_t>(segments.size() - 1));
  std::size_t size = 0;
  for (const auto& segment : segments) {
    header_.push_back(static_cast<std::uint32_t>(segment.size()));
    size += segment.asBytes().size();
  }
  if (header_.size() % 2 != 0) header_.push_back(0);
  const std::size_t header_size = header_.size() * sizeof header_[0];
  if (size <= kSmallMessage && small_.size() + header_size + size <= kSmallMessages) {
    append(small_, header_.data(), header_size);
    for (const auto& segment : segments) {
      append(small_, segment.begin(), segment.asBytes().size());
    }
    return kj::READY_NOW;
  }
  seal();
  unsent_.push_back({header_.data(), header_size});
  for (const auto& segment : segments) {
    const auto bytes = segment.asBytes();
    if (bytes.size() > 0) {
      unsent_.push_back({const_cast<kj::byte*>(bytes.begin()), bytes.size()});
    }
  }
  flush();
  if (unsent_.empty()) return kj::READY_NOW;
  auto paf = kj::newPromiseAndFulfiller<void>();
  writer_ = kj::mv(paf.fulfiller);
  return kj::mv(paf.promise);
}

kj::Promise<void> GuardedStream::writeMessages(
    kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  if (messages.size() == 0) return kj::READY_NOW;
  return writeMessage(nullptr, messages[0]).then([this, messages]() mutable {
    return writeMessages(messages.slice(1, messages.size()));
  });
}

kj::Maybe<int> GuardedStream::getSendBufferSize() { return nullptr; }

kj::Promise<void> GuardedStream::end() {
  flush();
  shutdown(socket_.get(), SHUT_WR);
  return kj::READY_NOW;
}

}  // namespace bulkhead::wire
