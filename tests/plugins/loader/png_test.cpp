// PNG through the loader: every kind of image against pixels that are computed from the samples,
// and files that are no images.
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "loader_plugin.hpp"
#include "make_media.hpp"

using namespace bulkhead::testing;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// Of this process so far, in KiB.
long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

struct PngFiles {
  LoaderPlugin loader{LOADER_PACKAGE "/lib/loader.so"};

  // What both methods say about a file that can't be loaded.
  std::string refused(bh_status status, std::string_view file,
                      std::string_view media_type = {}) const {
    std::string words;
    TestCall call;
    try {
      loader.load({{file, media_type}}, call);
    } catch (const CallFailed& error) {
      CHECK(error.status == status);
      words = error.what();
    }
    if (words.empty()) FAIL("the file was loaded");
    CHECK_THAT(words, StartsWith("Item 0: "));
    return words;
  }

  void check(const Png& png) const {
    const std::string file = png.file();
    const std::vector<std::uint8_t> expected = png.pixels();
    const Loaded loaded = loader.load(file);
    CHECK(loaded.facts ==
          Facts{"image/png", png.width, png.height, png.channels(), 0, 0, expected.size()});
    CHECK(loaded.facts == loader.probe(file));
    REQUIRE(loaded.tensors.size() == 1);
    const Tensor& pixels = loaded.tensors.front();
    CHECK(pixels.name == "pixels");
    CHECK(pixels.type.code == kDLUInt);
    CHECK(pixels.type.bits == 8);
    CHECK(pixels.type.lanes == 1);
    CHECK(pixels.shape == std::vector<std::int64_t>{png.height, png.width, png.channels()});
    CHECK(pixels.uint8() == expected);
  }
};

struct Kind {
  Png::Type type;
  unsigned depth;
};
const std::vector<Kind> kKinds = {
    {Png::grey, 1},    {Png::grey, 2},        {Png::grey, 4},    {Png::grey, 8},
    {Png::grey, 16},   {Png::rgb, 8},         {Png::rgb, 16},    {Png::palette, 1},
    {Png::palette, 2}, {Png::palette, 4},     {Png::palette, 8}, {Png::grey_alpha, 8},
    {Png::rgba, 8},    {Png::grey_alpha, 16}, {Png::rgba, 16},
};

}  // namespace

TEST_CASE_METHOD(PngFiles, "every colour type and depth becomes the right pixels") {
  for (const Kind& kind : kKinds) {
    for (const bool interlaced : {false, true}) {
      // Sizes around the eight of a byte and of Adam7, where passes are empty.
      for (const auto& [width, height] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
               {1, 1}, {2, 1}, {1, 2}, {4, 3}, {5, 5}, {7, 8}, {8, 7}, {9, 9}, {33, 17}}) {
        INFO("type " << kind.type << ", " << kind.depth << " bits, " << width << " x " << height
                     << (interlaced ? ", interlaced" : ""));
        check(noisy_png(kind.type, kind.depth, interlaced, width, height));
      }
    }
  }
}

TEST_CASE_METHOD(PngFiles, "a transparent colour becomes alpha") {
  for (const Kind& kind : kKinds) {
    if (kind.type != Png::grey && kind.type != Png::rgb) continue;
    for (const bool interlaced : {false, true}) {
      INFO("type " << kind.type << ", " << kind.depth << " bits" << (interlaced ? ", i" : ""));
      Png png = noisy_png(kind.type, kind.depth, interlaced, 13, 11);
      for (unsigned c = 0; c < png.stored_channels(); ++c) {
        png.transparent.push_back(png.sample(6, 5, c));
      }
      check(png);
      const std::vector<std::uint8_t> pixels = png.pixels();
      CHECK(pixels[(5 * 13 + 6) * png.channels() + png.channels() - 1] == 0);
    }
  }
}

TEST_CASE_METHOD(PngFiles, "two 16-bit values that round to the same are two colours") {
  Png png{2, 1, Png::grey, 16, false, {0x1234, 0x1235}};
  png.transparent = {0x1234};
  CHECK(png.pixels() == std::vector<std::uint8_t>{0x12, 0, 0x12, 255});
  check(png);
}

TEST_CASE_METHOD(PngFiles, "a palette may have alpha, for some of its colours") {
  for (const unsigned depth : {1u, 2u, 4u, 8u}) {
    Png png = noisy_png(Png::palette, depth, depth == 4, 19, 6);
    png.colour_alpha = {0, 77};
    check(png);
  }
}

TEST_CASE_METHOD(PngFiles, "an index beyond the palette is black") {
  Png png = noisy_png(Png::palette, 8, false, 16, 16);
  png.colours.resize(3);
  check(png);
  png.colour_alpha = {9};
  check(png);
}

TEST_CASE_METHOD(PngFiles, "16 bits are rounded to 8: all values") {
  Png png{256, 256, Png::grey, 16, false, {}};
  for (unsigned value = 0; value < 65536; ++value) {
    png.samples.push_back(static_cast<std::uint16_t>(value));
  }
  check(png);
}

TEST_CASE_METHOD(PngFiles, "what does not belong to the pixels does not change them") {
  Png png = noisy_png(Png::rgb, 8, false, 9, 9);
  png.extra = png_chunk("gAMA", big_endian(100000)) +
              png_chunk("pHYs", big_endian(1) + big_endian(9) + std::string(1, '\1')) +
              png_chunk("bKGD", std::string(6, '\x7f')) +
              png_chunk("tEXt", std::string("Title\0A picture", 15)) +
              png_chunk("zTXt", std::string("Title\0\0", 7) + "not deflated at all") +
              png_chunk("iCCP", std::string("sRGB\0\0", 6) + "nor is this") +
              png_chunk("acTL", big_endian(2) + big_endian(0)) + png_chunk("prVt", "mine");
  check(png);
  const std::string file = png.file() + "and something after its end";
  CHECK(loader.load(file).tensors.front().uint8() == png.pixels());
}

TEST_CASE_METHOD(PngFiles, "a compressed text that would fill the memory is not opened") {
  Png png = noisy_png(Png::grey, 8, false, 2, 2);
  const std::string bomb = deflated(std::string(7'000'000, ' '));
  for (int i = 0; i < 50; ++i) {
    png.extra += png_chunk("zTXt", std::string("Title\0\0", 7) + bomb);
    png.extra += png_chunk("iCCP", std::string("name\0\0", 6) + bomb);
  }
  const long before = peak_memory();
  check(png);
  CHECK(peak_memory() - before < 100'000);
}

TEST_CASE_METHOD(PngFiles, "an image that ends early, anywhere, is refused") {
  const std::string file = noisy_png(Png::rgba, 8, GENERATE(false, true), 12, 9).file();
  REQUIRE_NOTHROW(loader.load(file));
  for (std::size_t size = 8; size < file.size(); ++size) {
    INFO(size << " of " << file.size() << " bytes");
    const std::string words = refused(BH_DATA_INVALID, file.substr(0, size));
    CHECK_THAT(words, Contains("PNG"));
  }
}

TEST_CASE_METHOD(PngFiles, "a byte that differs is found, wherever a checksum covers it") {
  Png png = noisy_png(Png::palette, 8, false, 20, 20);
  png.colour_alpha = {1, 2, 3};
  const std::string file = png.file();
  for (std::size_t at = 8; at < file.size(); ++at) {
    INFO("byte " << at << " of " << file.size());
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    TestCall call;
    CHECK_THROWS_AS(loader.load({{changed, "image/png"}}, call), CallFailed);
  }
}

TEST_CASE_METHOD(PngFiles, "malformed images are refused with a reason") {
  const Png good = noisy_png(Png::grey, 8, false, 4, 4);
  const std::string signature = "\x89PNG\r\n\x1a\n";
  const auto image = [&](const std::string& head, const std::string& data) {
    return signature + png_chunk("IHDR", head) + png_chunk("IDAT", data) + png_chunk("IEND", "");
  };
  const auto head = [](std::uint32_t width, std::uint32_t height, const char(&rest)[6]) {
    return big_endian(width) + big_endian(height) + std::string(rest, 5);
  };
  const std::string pixels = deflated(std::string(20, '\0'));
  const char kGrey[6] = "\x08\0\0\0\0";
  REQUIRE_NOTHROW(loader.load(image(head(4, 4, kGrey), pixels)));
  const auto words = [&](const std::string& file) { return refused(BH_DATA_INVALID, file); };

  CHECK_THAT(words(signature), Contains("too early"));
  CHECK_THAT(words(image(head(0, 4, kGrey), pixels)), Contains("IHDR"));
  CHECK_THAT(words(image(head(4, 0, kGrey), pixels)), Contains("IHDR"));
  CHECK_THAT(words(image(head(0x80000000, 4, kGrey), pixels)), Contains("malformed"));
  CHECK_THAT(words(image(head(4, 4, "\x03\0\0\0\0"), pixels)), Contains("IHDR"));
  CHECK_THAT(words(image(head(4, 4, "\x08\x05\0\0\0"), pixels)), Contains("IHDR"));
  CHECK_THAT(words(image(head(4, 4, "\x08\0\x01\0\0"), pixels)), Contains("IHDR"));
  CHECK_THAT(words(image(head(4, 4, "\x08\0\0\x01\0"), pixels)), Contains("IHDR"));
  CHECK_THAT(words(image(head(4, 4, "\x08\0\0\0\x02"), pixels)), Contains("IHDR"));
  CHECK_THAT(words(image(head(4, 4, "\x08\x03\0\0\0"), pixels)), Contains("PLTE"));
  CHECK_THAT(words(image(head(4, 4, kGrey), deflated(std::string(19, '\0')))),
             Contains("malformed"));
  CHECK_THAT(words(image(head(4, 4, kGrey), "no deflate stream")), Contains("malformed"));
  CHECK_THAT(words(image(head(4, 4, kGrey), deflated(std::string(20, '\7')))), Contains("filter"));
  CHECK_THAT(words(signature + png_chunk("IHDR", head(4, 4, kGrey)) + png_chunk("IEND", "")),
             Contains("malformed"));
  CHECK_THAT(words(signature + png_chunk("IDAT", pixels) + std::string(20, '\0')),
             Contains("IHDR"));
  CHECK_THAT(refused(BH_DATA_INVALID, "GIF89a", "image/png"), Contains("signature"));
  CHECK_THAT(refused(BH_DATA_INVALID, "", "image/png"), Contains("signature"));
}

TEST_CASE_METHOD(PngFiles, "a bomb is refused before its memory is taken") {
  SECTION("few bytes that claim many pixels can't hold them") {
    const std::string file = png_claiming(30'000, 30'000, deflated(std::string(1000, '\0')));
    CHECK_THAT(refused(BH_DATA_INVALID, file), Contains("can't hold 30000 x 30000 pixels"));
  }
  SECTION("pixels over the limit of the call are refused, and take nothing") {
    const std::string data = deflated(std::string((2000 * 4 + 1) * 2000, '\0'));
    const std::string file = png_claiming(2000, 2000, data);
    CHECK(loader.probe(file).bytes == 16'000'000);
    TestCall call;
    call.limit_output(15'999'999);
    try {
      loader.load({{file}}, call);
      FAIL("the image was loaded");
    } catch (const CallFailed& error) {
      CHECK(error.status == BH_OUT_OF_MEMORY);
      CHECK_THAT(error.what(), StartsWith("Item 0: ") && Contains("16000000"));
    }
    TestCall roomy;
    roomy.limit_output(16'010'000);
    CHECK(loader.load({{file}}, roomy).front().tensors.front().bytes ==
          std::string(16'000'000, '\0'));
  }
  SECTION("the items of a batch count together") {
    const Png png = noisy_png(Png::grey, 8, false, 100, 100);
    const std::string file = png.file();
    TestCall call;
    call.limit_output(25'000);
    try {
      loader.load({{file}, {file}, {file}}, call);
      FAIL("the images were loaded");
    } catch (const CallFailed& error) {
      CHECK(error.status == BH_OUT_OF_MEMORY);
      CHECK_THAT(error.what(), StartsWith("Item 2: "));
    }
  }
  SECTION("a side has a limit of its own") {
    const std::string file = png_claiming(1'000'001, 1, deflated(std::string(4'000'005, '\0')));
    CHECK_THAT(refused(BH_RESOURCE_EXHAUSTED, file), Contains("1000001 x 1"));
    const std::string other = png_claiming(1, 1'000'001, deflated(std::string(5'000'005, '\0')));
    CHECK_THAT(refused(BH_RESOURCE_EXHAUSTED, other), Contains("1 x 1000001"));
    const std::string most = png_claiming(1, 1'000'000, deflated(std::string(5'000'000, '\0')));
    CHECK(loader.load(most).facts.height == 1'000'000);
  }
}

TEST_CASE_METHOD(PngFiles, "whatever is changed, there is an image or an error") {
  std::uint32_t state = 1;
  const auto random = [&](std::size_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  std::size_t loaded = 0, refusals = 0;
  for (const Kind& kind : kKinds) {
    const Png png = noisy_png(kind.type, kind.depth, kind.depth == 8, 11, 10);
    const std::string raw = png.filtered();
    for (int i = 0; i < 300; ++i) {
      // Checksums are right, so that the changes come through to what they protect.
      std::string data = deflated(raw), head = png.file().substr(16, 13);
      std::string colours(random(20) * 3 + random(2), '\x33');
      for (std::size_t n = random(4); n > 0; --n) data[random(data.size())] ^= 1 << random(8);
      if (random(2) == 0)
        head[random(2) == 0 ? 3 + random(2) * 4 : 8 + random(5)] ^= 1 << random(5);
      if (random(8) == 0) data.resize(random(data.size()));
      const std::string file = "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", head) +
                               png_chunk("PLTE", colours) +
                               png_chunk("tRNS", std::string(random(9), '\1')) +
                               png_chunk("IDAT", data) + png_chunk("IEND", "");
      TestCall call;
      call.limit_output(1 << 20);
      try {
        loader.load({{file}}, call);
        ++loaded;
      } catch (const CallFailed& error) {
        CHECK((error.status == BH_DATA_INVALID || error.status == BH_OUT_OF_MEMORY));
        ++refusals;
      }
    }
  }
  CHECK(loaded > 100);
  CHECK(refusals > 1000);
}
