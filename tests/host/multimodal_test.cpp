// The loader through the host, in both modes: the same tensors, the same errors. Its own tests
// (tests/plugins/loader) look closer at each format; here the way through the host counts.
#include <bulkhead/multimodal_client.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/fixture/both_modes.hpp"
#include "tests/plugins/loader/make_media.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using bulkhead::testing::noisy_png;
using bulkhead::testing::Png;
using bulkhead::testing::wav_file;
using bulkhead::testing::WavFormat;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct LoaderHost : TestHost {
  MultimodalClient loader(Isolation isolation) {
    return MultimodalClient(load("loader", isolation).open());
  }
  // Does it in both modes; it must fail, in the same words.
  Failure failure_in_both(const std::function<void(const MultimodalClient&)>& call) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const MultimodalClient client = loader(isolation);
      const Failure failure = failure_of([&] { call(client); });
      CHECK(client.load({png_}).tensors.front().shape().size() == 3);  // as good as before
      return failure;
    });
    CHECK(here == there);
    CHECK_THAT(here.message, Contains("loader"));
    return here;
  }

  const Png image_ = noisy_png(Png::rgba, 8, true, 31, 20);
  const std::string png_ = image_.file();
};

struct LoaderBothModes : BothModes {
  MultimodalClient loader{load("loader").open()};
  const Png image = noisy_png(Png::palette, 4, false, 7, 5);
  const std::string png = image.file();
  const std::string wav = wav_file(WavFormat{1, 2, 44100, 16}, "\x00\x40\x00\xc0"s);
};

template <class T>
bool equal(std::span<const T> values, const std::vector<T>& expected) {
  return std::equal(values.begin(), values.end(), expected.begin(), expected.end());
}

// An image of 16 million pixels that is quickly made, and takes its time to decode.
std::string large_image(std::uint32_t side = 4000) {
  const std::string rows(std::size_t{side} * (std::size_t{side} * 4 + 1), '\0');
  return testing::png_claiming(side, side, testing::deflated(rows));
}

}  // namespace

TEST_CASE_METHOD(LoaderBothModes, "the loader says what it reads") {
  const MultimodalInfo info = loader.info();
  CHECK(info.name == "loader");
  REQUIRE(info.formats.size() == 2);
  CHECK(info.formats[0].media_type == "image/png");
  CHECK(info.formats[1].media_type == "audio/wav");
  CHECK_THAT(info.formats[1].output, Contains("float32"));
}

TEST_CASE_METHOD(LoaderBothModes, "an image becomes pixels, a sound samples") {
  const Media picture = loader.load({png});
  CHECK(picture.facts == MediaFacts{"image/png", 7, 5, 3, 0, 0, 105});
  REQUIRE(picture.tensors.size() == 1);
  const MediaTensor& pixels = picture.tensors.front();
  CHECK(pixels.name() == "pixels");
  CHECK(equal(pixels.shape(), {5, 7, 3}));
  CHECK(equal(pixels.uint8(), image.pixels()));
  CHECK(pixels.bytes().size() == 105);
  CHECK(failure_of([&] { pixels.float32(); }).status == Status::invalid_argument);

  const Media sound = loader.load({wav, "audio/wav"});
  CHECK(sound.facts == MediaFacts{"audio/wav", 0, 0, 2, 1, 44100, 8});
  REQUIRE(sound.tensors.size() == 1);
  CHECK(sound.tensors.front().name() == "samples");
  CHECK(equal(sound.tensors.front().shape(), {1, 2}));
  CHECK(equal(sound.tensors.front().float32(), {0.5f, -0.5f}));
  CHECK(failure_of([&] { sound.tensors.front().uint8(); }).contains("samples"));
}

TEST_CASE_METHOD(LoaderBothModes, "probe tells what load would give, without decoding it") {
  const std::vector<MediaItem> items = {{png}, {wav}};
  const std::vector<MediaFacts> facts = loader.probe(items);
  const std::vector<Media> media = loader.load(items);
  REQUIRE(facts.size() == 2);
  CHECK(facts[0] == media[0].facts);
  CHECK(facts[1] == media[1].facts);
  CHECK(loader.probe({png}) == facts[0]);
  // A header is enough, so a caller can look before it takes any memory.
  const std::string large = large_image();
  CHECK(loader.probe({large}).bytes == 64'000'000);
}

TEST_CASE_METHOD(LoaderBothModes,
                 "every kind of image comes through, in one batch on two threads") {
  std::vector<Png> images;
  for (const auto& [type, depth] : std::vector<std::pair<Png::Type, unsigned>>{{Png::grey, 1},
                                                                               {Png::grey, 16},
                                                                               {Png::rgb, 8},
                                                                               {Png::rgb, 16},
                                                                               {Png::palette, 2},
                                                                               {Png::grey_alpha, 8},
                                                                               {Png::rgba, 8},
                                                                               {Png::rgba, 16}}) {
    images.push_back(noisy_png(type, depth, false, 40, 21));
    images.push_back(noisy_png(type, depth, true, 21, 40));
  }
  std::vector<std::string> files;
  for (const Png& png : images) files.push_back(png.file());
  std::vector<MediaItem> items;
  for (const std::string& file : files) items.push_back({file});
  const std::vector<Media> media = loader.load(items, 2);
  REQUIRE(media.size() == images.size());
  for (std::size_t i = 0; i < media.size(); ++i) {
    INFO("image " << i);
    CHECK(equal(media[i].tensors.front().uint8(), images[i].pixels()));
  }
}

TEST_CASE_METHOD(LoaderBothModes, "nothing in, nothing out; and a sound may have no samples") {
  CHECK(loader.load(std::span<const MediaItem>()).empty());
  CHECK(loader.probe(std::span<const MediaItem>()).empty());
  CHECK(loader.load_async({}).get().empty());
  const std::string silence = wav_file(WavFormat{3, 1, 8000, 32}, "");
  const Media media = loader.load({silence});
  CHECK(equal(media.tensors.front().shape(), {0, 1}));
  CHECK(media.tensors.front().float32().empty());
}

TEST_CASE_METHOD(LoaderBothModes, "a large image and a long sound") {
  const std::string file = large_image();
  const Media media = loader.load({file});
  CHECK(equal(media.tensors.front().shape(), {4000, 4000, 4}));
  const auto pixels = media.tensors.front().uint8();
  CHECK(std::all_of(pixels.begin(), pixels.end(), [](std::uint8_t value) { return value == 0; }));

  std::string data(30'000'000, '\0');
  for (std::size_t i = 1; i < data.size(); i += 2) data[i] = '\x40';
  const std::string sound = wav_file(WavFormat{1, 1, 48000, 16}, data);
  const Media samples = loader.load({sound});
  CHECK(samples.facts.frames == 15'000'000);
  const auto values = samples.tensors.front().float32();
  CHECK(std::all_of(values.begin(), values.end(), [](float value) { return value == 0.5f; }));
}

TEST_CASE_METHOD(LoaderBothModes, "a batch of two thousand files") {
  const std::vector<MediaItem> items(2000, MediaItem{png});
  const std::vector<Media> media = loader.load(items, 2);
  REQUIRE(media.size() == items.size());
  for (const std::size_t i : {0u, 999u, 1999u}) {
    CHECK(equal(media[i].tensors.front().uint8(), image.pixels()));
  }
}

TEST_CASE_METHOD(LoaderBothModes, "a future brings the same, or the error") {
  std::optional<std::future<std::vector<Media>>> later, broken;
  {
    const std::string copy = png, cut = png.substr(0, 60);  // the files are copied
    const std::vector<MediaItem> items = {{copy}, {copy}}, bad = {{copy}, {cut}};
    later = loader.load_async(items, 2);
    broken = loader.load_async(bad);
  }
  const std::vector<Media> media = later->get();
  REQUIRE(media.size() == 2);
  CHECK(equal(media[1].tensors.front().uint8(), image.pixels()));
  const Failure failure = failure_of([&] { broken->get(); });
  CHECK(failure.status == Status::data_invalid);
  CHECK_THAT(failure.message, Contains("Item 1: "));
}

TEST_CASE_METHOD(BothModes, "tensors outlive their host, and go to others as DLPack") {
  const Png image = noisy_png(Png::grey, 8, false, 6, 6);
  const std::string file = image.file();
  std::optional<Media> media = MultimodalClient(load("loader").open()).load({file});
  close();
  CHECK(equal(media->tensors.front().uint8(), image.pixels()));
  const DLTensor& borrowed = media->tensors.front().dlpack();
  CHECK(borrowed.device.device_type == kDLCPU);
  CHECK(borrowed.strides == nullptr);
  CHECK(borrowed.byte_offset == 0);

  DLManagedTensor* given = media->tensors.front().to_dlpack();
  const void* data = borrowed.data;
  media.reset();
  CHECK(given->dl_tensor.data == data);
  CHECK(given->dl_tensor.ndim == 3);
  CHECK(given->dl_tensor.shape[1] == 6);
  CHECK(std::memcmp(given->dl_tensor.data, image.pixels().data(), 36) == 0);
  given->deleter(given);
}

TEST_CASE_METHOD(LoaderHost, "errors are the same in both modes, word for word") {
  const std::string cut = png_.substr(0, png_.size() / 2);
  const std::vector<MediaItem> items = {{png_}, {cut}, {"?"}};
  const Failure half = failure_in_both([&](const auto& client) { client.load(items, 2); });
  CHECK(half.status == Status::unsupported);  // probed first: nothing was decoded
  CHECK_THAT(half.message, Contains("Item 2: "));

  const Failure broken = failure_in_both([&](const auto& client) { client.load({cut}); });
  CHECK(broken.status == Status::data_invalid);
  CHECK_THAT(broken.message, Contains("Item 0: The PNG image is malformed"));

  const Failure jpeg = failure_in_both([&](const auto& client) {
    client.probe({png_, "image/jpeg"});
  });
  CHECK(jpeg.status == Status::unsupported);
  CHECK_THAT(jpeg.message, Contains("image/jpeg"));

  const Failure wav = failure_in_both([&](const auto& client) {
    const std::string file = wav_file(WavFormat{6, 1, 8000, 8}, "a");
    client.load({file});
  });
  CHECK(wav.status == Status::unsupported);
}

TEST_CASE_METHOD(LoaderHost, "a bomb is refused by the policy's limit, in the same words") {
  policy("[limits]\noutput = \"10 MiB\"\n");
  const std::string large = large_image(2000);
  REQUIRE(large.size() < 20'000);
  const Failure failure = failure_in_both([&](const auto& client) {
    CHECK(client.probe({large}).bytes == 16'000'000);
    client.load({large});
  });
  CHECK(failure.status == Status::out_of_memory);
  CHECK_THAT(failure.message, Contains("Item 0: ") && Contains("16000000"));
}

TEST_CASE_METHOD(LoaderHost, "cancelled before, or in the middle: the same error in both modes") {
  const std::string large = large_image();
  const Failure before = failure_in_both([&](const auto& client) {
    CancelSource cancel;
    cancel.cancel();
    CallOptions options;
    options.cancel = &cancel;
    client.load({large}, options);
  });
  CHECK(before.status == Status::cancelled);

  const Failure middle = failure_in_both([&](const auto& client) {
    CancelSource cancel;
    CallOptions options;
    options.cancel = &cancel;
    options.progress = [&](std::uint64_t, std::uint64_t) { cancel.cancel(); };
    client.load({large}, options);
  });
  CHECK(middle.status == Status::cancelled);
}

TEST_CASE_METHOD(LoaderHost, "a deadline ends the work, and the cell lives on") {
  const std::string large = large_image();
  const std::vector<MediaItem> items(8, MediaItem{large});
  const Failure failure = failure_in_both([&](const auto& client) {
    CallOptions options;
    options.timeout = 20ms;
    client.load(items, 2, options);
  });
  CHECK(failure.status == Status::deadline_exceeded);
}

TEST_CASE_METHOD(LoaderBothModes, "progress ascends to its total, on the caller's thread") {
  const std::string large = large_image();
  std::uint64_t last = 0, most = 0;
  bool ascends = true, own_thread = true;
  CallOptions options;
  options.progress = [&, caller = std::this_thread::get_id()](std::uint64_t done,
                                                              std::uint64_t total) {
    ascends = ascends && done >= last && done <= total;
    own_thread = own_thread && std::this_thread::get_id() == caller;
    last = done;
    most = total;
  };
  loader.load({large}, options);
  CHECK(ascends);
  CHECK(own_thread);
  CHECK(most == 4000);
  CHECK(last == most);
}

TEST_CASE_METHOD(LoaderBothModes, "many threads load with one client") {
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        if (equal(loader.load({png}).tensors.front().uint8(), image.pixels())) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 160);
}

TEST_CASE_METHOD(BothModes, "a plugin of another kind is refused as a multimodal one") {
  const Failure failure = failure_of([&] { MultimodalClient(load("null_codec").open()); });
  CHECK(failure.status == Status::unsupported);
  CHECK_THAT(failure.message, Contains("null_codec") && Contains(BH_MULTIMODAL_1));
}

TEST_CASE_METHOD(BothModes, "methods can be called with JSON") {
  Instance instance = load("loader").open();
  const auto call = [&](const char* method, const std::string& params) {
    return nlohmann::json::parse(instance.call_json(BH_MULTIMODAL_1, method, params));
  };
  // A sound of two samples, 0 and 0.5.
  const std::string items =
      R"({"items": [{"bytes": {"base64": "UklGRigAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQQAAAAAAABA"}}]})";
  const auto facts = call("probe", items)["items"][0];
  CHECK(facts["mediaType"] == "audio/wav");
  CHECK(facts["frames"] == 2);
  CHECK(facts["sampleRate"] == 8000);
  const auto tensor = call("load", items)["items"][0]["tensors"][0];
  CHECK(tensor["name"] == "samples");
  CHECK(tensor["tensor"]["shape"] == nlohmann::json({2, 1}));
  CHECK(tensor["tensor"]["data"] == std::string("\0\0\0\0\0\0\0?", 8));
  CHECK(call("info", "{}")["name"] == "loader");
}
