#include "sdk/wire/frame.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace bulkhead::wire {
namespace {

// Cap'n Proto counts each visit of an object; honest use visits a few times, an overlapping-pointer
// attack visits without end.
capnp::ReaderOptions options_for(std::size_t words) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = static_cast<std::uint64_t>(words) * 8 + 8192;
  options.nestingLimit = 32;
  return options;
}

std::uint32_t load_u32(const std::byte* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

FrameMessage::FrameMessage(kj::Array<capnp::word> body, std::vector<std::uint32_t> sizes)
    : capnp::MessageReader(options_for(body.size())), body_(kj::mv(body)) {
  segments_.reserve(sizes.size());
  std::size_t at = 0;
  for (const std::uint32_t size : sizes) {
    segments_.push_back(body_.slice(at, at + size));
    at += size;
  }
}

kj::ArrayPtr<const capnp::word> FrameMessage::getSegment(capnp::uint id) {
  return id < segments_.size() ? segments_[id] : nullptr;
}

FrameReader::FrameReader(FrameLimits limits)
    : limits_(limits), buffer_(new std::byte[kBufferSize]) {}

std::span<std::byte> FrameReader::body_bytes() {
  return {reinterpret_cast<std::byte*>(body_storage_.begin()),
          body_storage_.size() * sizeof(capnp::word)};
}

std::span<std::byte> FrameReader::space() {
  if (in_body_) return body_bytes().subspan(filled_);
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == kBufferSize) {
    // A header is at most 4 * (segments + 2) bytes, so the rest of one always fits.
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, kBufferSize - end_};
}

void FrameReader::commit(std::size_t size) {
  if (in_body_) {
    filled_ += size;
  } else {
    end_ += size;
  }
}

bool FrameReader::parse_header() {
  const std::size_t have = end_ - begin_;
  if (have < 4) return false;
  const std::uint32_t last = load_u32(buffer_.get() + begin_);
  if (last >= limits_.segments) {
    throw FrameViolation("a frame claims " + std::to_string(std::uint64_t{last} + 1) +
                         " segments; at most " + std::to_string(limits_.segments) +
                         " are accepted");
  }
  const std::size_t count = last + 1;
  const std::size_t header = (4 * (count + 1) + 7) / 8 * 8;
  if (have < header) return false;
  std::uint64_t words = 0;
  sizes_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    sizes_[i] = load_u32(buffer_.get() + begin_ + 4 * (i + 1));
    words += sizes_[i];
  }
  if (words > limits_.bytes / sizeof(capnp::word)) {
    throw FrameViolation("a frame claims " + std::to_string(words * sizeof(capnp::word)) +
                         " bytes; at most " + std::to_string(limits_.bytes) + " are accepted");
  }
  if (words == 0) throw FrameViolation("a frame is empty");
  begin_ += header;
  body_storage_ = kj::heapArray<capnp::word>(words);
  in_body_ = true;
  const std::size_t take = std::min(end_ - begin_, body_bytes().size());
  std::memcpy(body_bytes().data(), buffer_.get() + begin_, take);
  begin_ += take;
  filled_ = take;
  return true;
}

kj::Own<FrameMessage> FrameReader::next() {
  if (!in_body_ && !parse_header()) return {};
  if (filled_ < body_bytes().size()) return {};
  in_body_ = false;
  filled_ = 0;
  return kj::heap<FrameMessage>(kj::mv(body_storage_), std::move(sizes_));
}

}  // namespace bulkhead::wire
