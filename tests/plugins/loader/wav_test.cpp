// WAV through the loader: every encoding against samples that are known, and files that are no
// sound.
#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <limits>

#include "loader_plugin.hpp"
#include "make_media.hpp"

using namespace bulkhead::testing;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

using Samples = std::vector<float>;

std::string f32(float value) { return little_endian(std::bit_cast<std::uint32_t>(value), 4); }
std::string f64(double value) { return little_endian(std::bit_cast<std::uint64_t>(value), 8); }

struct WavFiles {
  LoaderPlugin loader{LOADER_PACKAGE "/lib/loader.so"};

  std::string refused(bh_status status, std::string_view file,
                      std::string_view media_type = "audio/wav") const {
    TestCall call;
    try {
      loader.load({{file, media_type}}, call);
    } catch (const CallFailed& error) {
      CHECK(error.status == status);
      CHECK_THAT(error.what(), StartsWith("Item 0: "));
      return error.what();
    }
    FAIL("the file was loaded");
    return {};
  }

  void check(std::string_view file, const WavFormat& format, const Samples& expected) const {
    const Loaded loaded = loader.load(file);
    const std::uint64_t frames = expected.size() / format.channels;
    CHECK(loaded.facts == Facts{"audio/wav", 0, 0, format.channels, frames, format.rate,
                                expected.size() * sizeof(float)});
    CHECK(loaded.facts == loader.probe(file));
    REQUIRE(loaded.tensors.size() == 1);
    const Tensor& samples = loaded.tensors.front();
    CHECK(samples.name == "samples");
    CHECK(samples.type.code == kDLFloat);
    CHECK(samples.type.bits == 32);
    CHECK(samples.type.lanes == 1);
    CHECK(samples.shape == std::vector<std::int64_t>{static_cast<std::int64_t>(frames),
                                                     static_cast<std::int64_t>(format.channels)});
    CHECK(samples.float32() == expected);
  }
};

const std::string kFourFrames = "\x00\x01\x00\x80\xff\x7f\x00\xc0"s;
const Samples kFourSamples = {0x1p-7f, -1, 32767.0f / 32768, -0.5f};

}  // namespace

TEST_CASE_METHOD(WavFiles, "integers of 8 bits have no sign") {
  const WavFormat format{1, 1, 8000, 8};
  check(wav_file(format, "\x00\x80\xff\x40\x81"s), format,
        {-1, 0, 127.0f / 128, -0.5f, 1.0f / 128});
}

TEST_CASE_METHOD(WavFiles, "integers of 16 bits: all of them") {
  const WavFormat format{1, 2, 44100, 16};
  std::string data;
  Samples expected;
  for (int value = -32768; value < 32768; ++value) {
    data += little_endian(static_cast<std::uint16_t>(value), 2);
    expected.push_back(static_cast<float>(value / 32768.0));
  }
  check(wav_file(format, data), format, expected);
}

TEST_CASE_METHOD(WavFiles, "integers of 24 bits are exact") {
  const WavFormat format{1, 3, 96000, 24};
  std::string data;
  Samples expected;
  for (const int value : {-8388608, -8388607, -1, 0, 1, 8388607, 4194304, 123456, -654321}) {
    data += little_endian(static_cast<std::uint32_t>(value), 3);
    expected.push_back(static_cast<float>(value / 8388608.0));
  }
  check(wav_file(format, data), format, expected);
}

TEST_CASE_METHOD(WavFiles, "integers of 32 bits are rounded to the nearest float") {
  const WavFormat format{1, 1, 8000, 32};
  std::string data;
  Samples expected;
  for (const std::int64_t value : {-2147483648LL, 2147483647LL, -1LL, 0LL, 16777217LL, 16777219LL,
                                   -33554435LL, 1073741824LL}) {
    data += little_endian(static_cast<std::uint64_t>(value), 4);
    expected.push_back(static_cast<float>(static_cast<double>(value) / 2147483648.0));
  }
  check(wav_file(format, data), format, expected);
}

TEST_CASE_METHOD(WavFiles, "floats stay as they are") {
  const Samples values = {0, -0.0f, 1, -1, 0.1f, 1e-40f, 3.5f, -1e30f};
  std::string single, twice;
  for (const float value : values) {
    single += f32(value);
    twice += f64(value);
  }
  const WavFormat format{3, 2, 48000, 32}, wide{3, 2, 48000, 64};
  check(wav_file(format, single), format, values);
  check(wav_file(wide, twice), wide, values);
  const WavFormat mono{3, 1, 48000, 64};
  check(wav_file(mono, f64(0.1) + f64(1e-300)), mono, {0.1f, 0});
}

TEST_CASE_METHOD(WavFiles, "a float that is no number is refused, and named") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const WavFormat format{3, 1, 8000, 32}, wide{3, 1, 8000, 64};
  CHECK_THAT(refused(BH_DATA_INVALID, wav_file(format, f32(0) + f32(nan))), Contains("sample 1 "));
  CHECK_THAT(refused(BH_DATA_INVALID, wav_file(format, f32(-infinity))), Contains("sample 0 "));
  CHECK_THAT(refused(BH_DATA_INVALID, wav_file(wide, f64(1) + f64(1) + f64(1e39))),
             Contains("sample 2 "));
  CHECK_THAT(refused(BH_DATA_INVALID, wav_file(wide, f64(nan))), Contains("sample 0 "));
}

TEST_CASE_METHOD(WavFiles, "an extended format says the same in more words") {
  const WavFormat format{1, 2, 44100, 16}, real{3, 1, 44100, 32}, deep{1, 1, 8000, 24};
  const auto file = [](const std::string& body, std::string_view data) {
    return riff(riff_chunk("fmt ", body) + riff_chunk("data", data));
  };
  check(file(format.extended_body(16), kFourFrames), format, kFourSamples);
  check(file(real.extended_body(32), f32(0.25f)), real, {0.25f});
  // 20 valid bits lie at the top of 24.
  check(file(deep.extended_body(20), "\x00\x00\xc0"s), deep, {-0.5f});

  CHECK_THAT(refused(BH_DATA_INVALID, file(deep.extended_body(25), "abc")), Contains("valid"));
  std::string guid = format.extended_body(16);
  guid.back() = '\0';
  CHECK_THAT(refused(BH_UNSUPPORTED, file(guid, kFourFrames)), Contains("private"));
  const WavFormat alaw{6, 1, 8000, 8};
  CHECK_THAT(refused(BH_UNSUPPORTED, file(alaw.extended_body(8), "a")), Contains("encoding 6"));
  CHECK_THAT(refused(BH_DATA_INVALID, file(format.extended_body(16).substr(0, 38), kFourFrames)),
             Contains("too short"));
}

TEST_CASE_METHOD(WavFiles, "other chunks, padding and a longer format don't matter") {
  const WavFormat format;
  const std::string chunk = riff_chunk("LIST", "odd"), data = riff_chunk("data", kFourFrames);
  check(riff(chunk + riff_chunk("fmt ", format.body()) + chunk + data + chunk), format,
        kFourSamples);
  check(riff(riff_chunk("fmt ", format.body() + "\0\0"s) + data), format, kFourSamples);
  check(wav_file(format, kFourFrames) + "after its end", format, kFourSamples);
  // Many writers forget the padding at the end.
  const WavFormat bytes{1, 1, 8000, 8};
  check(riff(riff_chunk("fmt ", bytes.body()) + "data\3\0\0\0\0\x80\xff"s), bytes,
        {-1, 0, 127.0f / 128});
}

TEST_CASE_METHOD(WavFiles, "no sound is sound, too") {
  const WavFormat format{1, 2, 8000, 16};
  check(wav_file(format, ""), format, {});
}

TEST_CASE_METHOD(WavFiles, "a sound that ends early, anywhere, is refused") {
  const std::string file = wav_file(WavFormat{1, 1, 8000, 16}, kFourFrames);
  for (std::size_t size = 0; size < file.size(); ++size) {
    INFO(size << " of " << file.size() << " bytes");
    refused(BH_DATA_INVALID, file.substr(0, size));
  }
}

TEST_CASE_METHOD(WavFiles, "malformed files are refused with a reason") {
  const WavFormat good{1, 2, 8000, 16};
  const std::string format = riff_chunk("fmt ", good.body()), data = riff_chunk("data", "abcd");
  const auto changed = [&](std::size_t at, std::string_view bytes) {
    std::string body = good.body();
    body.replace(at, bytes.size(), bytes);
    return riff(riff_chunk("fmt ", body) + data);
  };
  const auto words = [&](const std::string& file) { return refused(BH_DATA_INVALID, file); };
  REQUIRE_NOTHROW(loader.load(riff(format + data)));

  CHECK_THAT(words(riff(data)), Contains("before its format"));
  CHECK_THAT(words(riff(format)), Contains("no data"));
  CHECK_THAT(words(riff("")), Contains("no format"));
  CHECK_THAT(words(riff(format + format + data)), Contains("two formats"));
  CHECK_THAT(words(riff(riff_chunk("fmt ", good.body().substr(0, 14)) + data)),
             Contains("less than 16"));
  CHECK_THAT(words(riff(format + riff_chunk("data", "abcde"))), Contains("inside of a frame"));
  CHECK_THAT(words(changed(2, "\0\0"s)), Contains("no channels"));
  CHECK_THAT(words(changed(4, "\0\0\0\0"s)), Contains("no sample rate"));
  CHECK_THAT(words(changed(12, "\2\0"s)), Contains("can't have 2 bytes"));
  CHECK_THAT(words(changed(12, "\0\0"s)), Contains("can't have 0 bytes"));
  CHECK_THAT(words(riff(format + "dat")), Contains("chunk's header"));
  CHECK_THAT(words(riff(format + "data\xff\xff\xff\x7f" + "abcd")), Contains("2147483647"));
  for (unsigned more = 1; more <= 9; ++more) {
    CHECK_THAT(words(riff(format + "data" + little_endian(4 + more, 4) + "abcd")),
               Contains("has " + std::to_string(4 + more) + " bytes, but only 4 are left"));
  }
  std::string unfinished = riff(format + data);
  unfinished.replace(4, 4, "\xff\xff\xff\xff");
  CHECK_THAT(words(unfinished), Contains("did not finish"));
  std::string small = riff(format + data);
  small.replace(4, 4, "\3\0\0\0"s);
  CHECK_THAT(words(small), Contains("says 11 bytes"));
  CHECK_THAT(words("RIFX" + riff(format + data).substr(4)), Contains("RIFF"));
  CHECK_THAT(words(""), Contains("RIFF"));
  // 65535 channels of 64 bits: their product is not taken in 16 bits.
  CHECK_THAT(words(riff(riff_chunk("fmt ", WavFormat{3, 65535, 8000, 64}.body()) + data)),
             Contains("can't have"));
}

TEST_CASE_METHOD(WavFiles, "encodings that are compressed or odd are named") {
  for (const auto& [encoding, bits] : std::vector<std::pair<unsigned, unsigned>>{{2, 4},
                                                                                 {6, 8},
                                                                                 {7, 8},
                                                                                 {17, 4},
                                                                                 {85, 0},
                                                                                 {1, 12},
                                                                                 {1, 0},
                                                                                 {1, 64},
                                                                                 {3, 16},
                                                                                 {3, 80},
                                                                                 {0, 16}}) {
    INFO("encoding " << encoding << ", " << bits << " bits");
    const std::string words =
        refused(BH_UNSUPPORTED, wav_file(WavFormat{encoding, 1, 8000, bits}, "abcd"));
    CHECK_THAT(words, Contains("encoding " + std::to_string(encoding) + " with " +
                               std::to_string(bits) + " bits"));
  }
}

TEST_CASE_METHOD(WavFiles, "whatever is changed, there is sound or an error") {
  std::uint32_t state = 7;
  const auto random = [&](std::size_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  std::size_t loaded = 0, refusals = 0;
  for (const std::string& format :
       {WavFormat{1, 2, 8000, 16}.body(), WavFormat{3, 1, 8000, 32}.extended_body(32)}) {
    const std::string file = riff(riff_chunk("LIST", "note") + riff_chunk("fmt ", format) +
                                  riff_chunk("data", kFourFrames));
    for (int i = 0; i < 20'000; ++i) {
      std::string changed = file;
      for (std::size_t n = random(4); n > 0; --n) {
        changed[random(changed.size())] = static_cast<char>(random(256));
      }
      if (random(10) == 0) changed.resize(random(changed.size()));
      TestCall call;
      call.limit_output(1 << 20);
      try {
        loader.load({{changed, "audio/wav"}}, call);
        ++loaded;
      } catch (const CallFailed& error) {
        CHECK((error.status == BH_DATA_INVALID || error.status == BH_UNSUPPORTED));
        ++refusals;
      }
    }
  }
  CHECK(loaded > 1000);
  CHECK(refusals > 1000);
}
