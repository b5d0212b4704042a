// The frame guard: any bytes give frames or a FrameViolation, however the stream is cut; the cut
// changes nothing; and a message that came through can be walked to its end within its limits.
#include <capnp/any.h>
#include <kj/exception.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "sdk/wire/frame.hpp"

namespace {

using bulkhead::wire::FrameLimits;
using bulkhead::wire::FrameReader;
using bulkhead::wire::FrameViolation;

// Small, so that the fuzzer finds the edges.
constexpr FrameLimits kLimits{.segments = 16, .bytes = 1 << 16};

struct Outcome {
  std::vector<std::string> frames;  // bytes of all segments
  std::string violation;
  bool partial = false;
  bool operator==(const Outcome&) const = default;
};

std::string take(bulkhead::wire::FrameMessage& message) {
  std::string bytes;
  for (unsigned id = 0; id < kLimits.segments; ++id) {
    const auto segment = message.getSegment(id).asBytes();
    bytes.append(segment.asChars().begin(), segment.size());
  }
  if (message.getSegment(kLimits.segments) != nullptr) std::abort();
  if (bytes.empty() || bytes.size() > kLimits.bytes) std::abort();
  try {
    message.getRoot<capnp::AnyPointer>().targetSize();
  } catch (const kj::Exception&) {
    // Malformed inside: Cap'n Proto says so.
  }
  return bytes;
}

template <class NextCut>
Outcome read(const std::uint8_t* data, std::size_t size, NextCut next_cut) {
  Outcome outcome;
  FrameReader reader(kLimits);
  try {
    while (size > 0) {
      const auto space = reader.space();
      if (space.empty()) std::abort();
      const std::size_t part = std::min({size, space.size(), next_cut()});
      std::memcpy(space.data(), data, part);
      reader.commit(part);
      data += part;
      size -= part;
      for (auto frame = reader.next(); frame.get() != nullptr; frame = reader.next())
        outcome.frames.push_back(take(*frame));
    }
    outcome.partial = reader.partial();
  } catch (const FrameViolation& violation) {
    outcome.violation = violation.what();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::minstd_rand random(data[0]);
  const Outcome whole = read(data + 1, size - 1, [] { return SIZE_MAX; });
  const Outcome cut =
      read(data + 1, size - 1, [&] { return std::size_t{1} + random() % (1u << random() % 12); });
  if (whole != cut) std::abort();
  return 0;
}
