// The loader's table: batches, media types, stopping, progress.
#include <catch2/catch.hpp>

#include "loader_plugin.hpp"
#include "make_media.hpp"

using namespace bulkhead::testing;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Batch {
  LoaderPlugin loader{LOADER_PACKAGE "/lib/loader.so"};
  const Png image = noisy_png(Png::rgb, 8, false, 5, 4);
  const std::string png = image.file();
  const std::string wav = wav_file(WavFormat{1, 1, 8000, 8}, "\x80\xC0\x40"s);

  CallFailed refused(const std::vector<Item>& items, bool load = true) const {
    TestCall call;
    try {
      if (load) {
        loader.load(items, call);
      } else {
        loader.probe(items, call);
      }
    } catch (const CallFailed& error) {
      return error;
    }
    FAIL("the items were loaded");
    return {BH_OK, ""};
  }
};

}  // namespace

TEST_CASE_METHOD(Batch, "the descriptor names the plugin; it needs no service") {
  const bh_descriptor& descriptor = loader.descriptor();
  CHECK(descriptor.id == "loader"s);
  CHECK(descriptor.version == "1.0.0"s);
  CHECK(descriptor.interfaces[0] == BH_MULTIMODAL_1 ""s);
  CHECK(descriptor.interfaces[1] == nullptr);
  CHECK(descriptor.services_required == nullptr);
  CHECK(loader.table().submit == nullptr);
}

TEST_CASE_METHOD(Batch, "info names what is read") {
  TestCall call;
  const bh_empty none{sizeof none, 0};
  bh_multimodal_info_result result{};
  result.struct_size = sizeof result;
  REQUIRE(loader.table().info(call, loader.instance(), &none, &result) == BH_OK);
  CHECK(string_of(result.name) == "loader");
  REQUIRE(result.format_count == 2);
  CHECK(call.owns(result.formats, 2 * sizeof(bh_media_format)));
  CHECK(string_of(result.formats[0].media_type) == "image/png");
  CHECK_THAT(string_of(result.formats[0].output), StartsWith("uint8 [height, width, channels]"));
  CHECK(string_of(result.formats[1].media_type) == "audio/wav");
  CHECK_THAT(string_of(result.formats[1].output), StartsWith("float32 [frames, channels]"));
}

TEST_CASE_METHOD(Batch, "a batch is ragged, in order, and the same on any number of threads") {
  const std::vector<Item> items = {{png}, {wav}, {wav, "Audio/X-WAV"}, {png, "image/png"}, {png}};
  const unsigned threads = GENERATE(0u, 1u, 3u, 1000u);
  TestCall call;
  const std::vector<Loaded> loaded = loader.load(items, call, threads);
  REQUIRE(loaded.size() == items.size());
  for (const std::size_t i : {0u, 3u, 4u}) {
    CHECK(loaded[i].tensors.front().uint8() == image.pixels());
  }
  for (const std::size_t i : {1u, 2u}) {
    CHECK(loaded[i].facts.media_type == "audio/wav");
    CHECK(loaded[i].tensors.front().float32() == std::vector<float>{0, 0.5f, -0.5f});
  }
  TestCall again;
  const std::vector<Facts> facts = loader.probe(items, again);
  REQUIRE(facts.size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) CHECK(facts[i] == loaded[i].facts);
}

TEST_CASE_METHOD(Batch, "an empty batch is an empty result") {
  TestCall call;
  CHECK(loader.load({}, call).empty());
  CHECK(loader.probe({}, call).empty());
}

TEST_CASE_METHOD(Batch, "an error names its item, the first one of several") {
  const std::string broken = png.substr(0, png.size() - 20);  // its header is whole
  const bool load = GENERATE(true, false);
  const CallFailed error = refused({{png}, {"neither"}, {png}, {"nor"}}, load);
  CHECK(error.status == BH_UNSUPPORTED);
  CHECK_THAT(error.what(), StartsWith("Item 1: ") && Contains("neither as PNG nor as WAV"));
  if (!load) return;
  const CallFailed later = refused({{png}, {wav}, {broken}});
  CHECK(later.status == BH_DATA_INVALID);
  CHECK_THAT(later.what(), StartsWith("Item 2: "));
}

TEST_CASE_METHOD(Batch, "a media type that is given must be one that is read, and the file's") {
  CHECK(refused({{png, "image/jpeg"}}).status == BH_UNSUPPORTED);
  CHECK_THAT(refused({{png, "image/jpeg"}}).what(), Contains("\"image/jpeg\""));
  CHECK(refused({{png, "audio/wav"}}).status == BH_DATA_INVALID);
  CHECK(refused({{wav, "image/png"}}).status == BH_DATA_INVALID);
  CHECK(refused({{""}}).status == BH_UNSUPPORTED);
  const std::string long_name(5000, 'x');
  CHECK(std::string(refused({{png, long_name}}).what()).size() < 300);
}

TEST_CASE_METHOD(Batch, "a call that is cancelled stops, before its work and in the middle") {
  const std::string large = noisy_png(Png::rgba, 8, false, 300, 700).file();
  TestCall call;
  call.cancel();
  try {
    loader.load({{large}}, call);
    FAIL("it did not stop");
  } catch (const CallFailed& error) {
    CHECK(error.status == BH_CANCELLED);
  }
  TestCall later;
  std::uint64_t seen = 0;
  later.on_progress([&](std::uint64_t done, std::uint64_t) {
    seen = done;
    later.cancel();
  });
  try {
    loader.load({{large}}, later);
    FAIL("it did not stop");
  } catch (const CallFailed& error) {
    CHECK(error.status == BH_CANCELLED);
    CHECK(seen > 0);
    CHECK(seen < 100);
  }
}

TEST_CASE_METHOD(Batch, "one file reports parts of it, a batch its items") {
  const std::string large = noisy_png(Png::rgba, 8, true, 300, 300).file();
  std::string sound(1'000'000, '\x55');
  const std::string long_wav = wav_file(WavFormat{1, 1, 8000, 8}, sound);
  std::vector<std::uint64_t> done;
  std::uint64_t most = 0;
  const auto record = [&](std::uint64_t at, std::uint64_t total) {
    done.push_back(at);
    most = total;
  };
  for (const std::string& file : {large, long_wav}) {
    TestCall call;
    done.clear();
    call.on_progress(record);
    loader.load({{file}}, call);
    CHECK(done.size() > 5);
    CHECK(std::is_sorted(done.begin(), done.end()));
    CHECK(done.back() == most);
    CHECK(call.polls >= done.size() - 1);
  }
  TestCall call;
  done.clear();
  call.on_progress(record);
  loader.load({{large}, {long_wav}, {large}}, call);
  CHECK(done == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(most == 3);
}

TEST_CASE_METHOD(Batch, "a struct that is too small is the host's mistake") {
  TestCall call;
  bh_multimodal_load_params params{};
  params.struct_size = sizeof params - 1;
  bh_multimodal_load_result result{};
  result.struct_size = sizeof result;
  CHECK(loader.table().load(call, loader.instance(), &params, &result) == BH_PROTOCOL_ERROR);
  CHECK(loader.table().load(call, loader.instance(), nullptr, &result) == BH_PROTOCOL_ERROR);
  params.struct_size = sizeof params;
  CHECK(loader.table().load(call, loader.instance(), &params, nullptr) == BH_PROTOCOL_ERROR);
  CHECK(loader.table().load(call, loader.instance(), &params, &result) == BH_OK);
}
