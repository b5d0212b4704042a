#include <catch2/catch.hpp>

#include <cstring>

#include "sdk/wire/frame.hpp"

using namespace bulkhead::wire;

namespace {

// Feeds bytes in steps of `step`; returns how many frames came out.
unsigned feed(FrameReader& reader, const std::string& bytes, std::size_t step = SIZE_MAX) {
  unsigned frames = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto space = reader.space();
    const std::size_t part = std::min({step, space.size(), bytes.size() - at});
    std::memcpy(space.data(), bytes.data() + at, part);
    reader.commit(part);
    at += part;
    while (reader.next().get() != nullptr) ++frames;
  }
  return frames;
}

std::string words(std::initializer_list<std::uint32_t> values) {
  std::string bytes;
  for (const std::uint32_t value : values) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

const std::string kSmall = words({0, 1, 0, 0});  // one segment of one word: a null pointer

}  // namespace

TEST_CASE("a frame is delivered once it is whole, however it is cut") {
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{8}, SIZE_MAX}) {
    FrameReader reader;
    CHECK(feed(reader, kSmall + kSmall, step) == 2);
    CHECK_FALSE(reader.partial());
  }
}

TEST_CASE("a frame larger than the buffer is read into its own memory") {
  FrameReader reader;
  std::string frame = words({0, 100000}) + std::string(800000, '\0');
  CHECK(feed(reader, frame + kSmall, 4096) == 2);
}

TEST_CASE("half a frame is known to be partial") {
  FrameReader reader;
  CHECK(feed(reader, kSmall.substr(0, 9)) == 0);
  CHECK(reader.partial());
}

TEST_CASE("the first word FFFFFFFF is refused") {
  FrameReader reader;
  CHECK_THROWS_WITH(feed(reader, words({0xFFFFFFFF, 0})), Catch::Contains("4294967296 segments"));
}

TEST_CASE("more segments than the limit are refused before any of them is read") {
  FrameReader reader({.segments = 512});
  CHECK_THROWS_AS(feed(reader, words({512})), FrameViolation);
  FrameReader edge({.segments = 512});
  CHECK_NOTHROW(feed(edge, words({511})));
}

TEST_CASE("a size above the limit is refused from the header alone") {
  FrameReader reader({.bytes = 1 << 20});
  CHECK_THROWS_WITH(feed(reader, words({0, 1 << 20})), Catch::Contains("at most 1048576"));
}

TEST_CASE("segment sizes that add up beyond 32 bits don't wrap") {
  FrameReader reader({.bytes = 1 << 20});
  CHECK_THROWS_AS(feed(reader, words({1, 0xFFFFFFFF, 2, 0})), FrameViolation);
}

TEST_CASE("an empty frame is refused") {
  FrameReader reader;
  CHECK_THROWS_AS(feed(reader, words({0, 0})), FrameViolation);
}
