#include "registry/manifest/quantity.hpp"

#include <catch2/catch.hpp>

using namespace bulkhead::manifest;

TEST_CASE("sizes are read with and without a unit") {
  CHECK(parse_bytes("1000") == 1000u);
  CHECK(parse_bytes("0") == 0u);
  CHECK(parse_bytes("7 B") == 7u);
  CHECK(parse_bytes("64 MiB") == 64u << 20);
  CHECK(parse_bytes("2GiB") == std::uint64_t{2} << 30);
  CHECK(parse_bytes("1 TiB") == std::uint64_t{1} << 40);
  CHECK(parse_bytes("5 MB") == 5'000'000u);
  CHECK(parse_bytes("18446744073709551615") == UINT64_MAX);
}

TEST_CASE("what is no size is refused") {
  for (const char* text :
       {"", " ", "MiB", "-1", "+1", "1.5 GiB", "1 gib", "1 KB", "64 MiB ", " 64 MiB", "64MiBMiB",
        "18446744073709551616", "16777216 TiB", "0x10", "1 000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("durations are read with their unit") {
  CHECK(parse_duration("5ns") == 5);
  CHECK(parse_duration("5 us") == 5'000);
  CHECK(parse_duration("250ms") == 250'000'000);
  CHECK(parse_duration("30 s") == 30'000'000'000);
  CHECK(parse_duration("5min") == 300'000'000'000);
  CHECK(parse_duration("1h") == 3'600'000'000'000);
  CHECK(parse_duration("9223372036854775807ns") == INT64_MAX);
}

TEST_CASE("what is no duration is refused, a number without a unit too") {
  for (const char* text : {"", "60", "s", "1.5s", "-1s", "5m", "1 hour", "1s ",
                           "9223372036854775808ns", "9999999999h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("quantities are written in the largest unit that is exact, and can be read again") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1500) == "1500 B");
  CHECK(bytes_text(std::uint64_t{4} << 30) == "4 GiB");
  CHECK(duration_text(90'000'000'000) == "90s");
  CHECK(duration_text(60'000'000'000) == "1min");
  CHECK(duration_text(250'000'000) == "250ms");
  CHECK(duration_text(0) == "0ns");
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999},
                                     std::uint64_t{3} << 20, std::uint64_t{1} << 62}) {
    CHECK(parse_bytes(bytes_text(number)) == number);
    CHECK(parse_duration(duration_text(static_cast<std::int64_t>(number))) ==
          static_cast<std::int64_t>(number));
  }
}
