// quantize through the host and its client, in both modes: files of this machine, errors, progress,
// cancellation, deadlines.
#include <catch2/catch.hpp>
#include <bulkhead/compression_client.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "oracle.hpp"
#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const CompressionOptions kInt8 = {.method = "int8"};

std::string small_model() {
  return oracle::file_of({oracle::random_tensor("w", "F32", {300, 700}, 1),
                          oracle::random_tensor("norm", "BF16", {700}, 2),
                          oracle::random_tensor("head", "F16", {11, 13}, 3)},
                         {{"format", "pt"}});
}

// One F32 tensor of zeros; the file has holes instead of data, so it is made at once.
void write_sparse(const fs::path& file, std::uint64_t rows, std::uint64_t row) {
  oracle::Tensor tensor{"w", "F32", {rows, row}, ""};
  const oracle::ordered_json header = {
      {"w", {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {0, 4 * rows * row}}}}};
  const std::string begin = oracle::with_size(header.dump());
  std::ofstream(file, std::ios::binary) << begin;
  fs::resize_file(file, begin.size() + 4 * rows * row);
}

// Numbers of calls differ from mode to mode.
Failure without_numbers(Failure failure) {
  std::erase_if(failure.message, [](char c) { return c >= '0' && c <= '9'; });
  return failure;
}

template <class Base>
struct With : Base {
  std::string at(const std::string& name) const { return (this->folder().path() / name).string(); }
  std::vector<std::string> files_in(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(at(name))) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
};
struct Both : With<BothModes> {
  CompressionClient open() { return CompressionClient(load("quantize").open()); }
};
struct Each : With<TestHost> {
  CompressionClient open(Isolation isolation) {
    return CompressionClient(load("quantize", isolation).open());
  }
};

}  // namespace

TEST_CASE_METHOD(Each, "a model becomes the same smaller one in both modes, and the right one") {
  const std::string model = folder().write("model", small_model()).string();
  const auto [here, there] = in_both([&](Isolation isolation) {
    const CompressionClient quantize = open(isolation);
    const std::string output = at(isolation == Isolation::cell ? "cell" : "process");
    const CompressionEstimate estimate = quantize.estimate(model, kInt8);
    const CompressionReport report = quantize.compress(model, output, kInt8);
    CHECK(estimate.input_bytes == report.input_bytes);
    CHECK(estimate.output_bytes == report.output_bytes);
    CHECK(estimate.tensors == 3);
    CHECK(fs::file_size(output) == report.output_bytes);
    return std::pair(report, read_file(output));
  });
  CHECK(here.first == there.first);
  CHECK((here.second == there.second));

  const oracle::File before = oracle::read(small_model()), after = oracle::read(here.second);
  const auto expected = oracle::quantize(before.tensors.at("w"));
  CHECK((after.tensors.at("w").bytes == oracle::bytes_of_values(expected.levels)));
  CHECK((after.tensors.at("w.scale").bytes == oracle::bytes_of_values(expected.scales)));
  CHECK(after.tensors.at("norm").bytes == before.tensors.at("norm").bytes);
  REQUIRE(here.first.tensors.size() == 3);
  CHECK(here.first.tensors[0].name == "w");
  CHECK(here.first.tensors[0].after == "I8");
  CHECK(here.first.tensors[0].max_error == expected.max_error);
  CHECK(here.first.tensors[0].rms_error == Approx(expected.rms_error));
  CHECK(here.first.parameters == 300 * 700 + 700 + 11 * 13);
}

TEST_CASE_METHOD(Both, "info comes through") {
  const CompressionInfo info = open().info();
  CHECK(info.name == "quantize");
  REQUIRE(info.methods.size() == 1);
  CHECK(info.methods[0].name == "int8");
  CHECK_THAT(info.methods[0].description, Contains("float32 scale"));
}

TEST_CASE_METHOD(Each, "errors are the same in both modes, word for word") {
  folder().write("model", small_model());
  folder().write("torn", small_model().substr(0, 400'000));
  folder().write("text", "# A model card\n");
  fs::create_directory(at("folder"));
  const auto compare = [&](const std::string& model, const std::string& output,
                           const CompressionOptions& options, Status status,
                           const std::string& words) {
    const auto [here, there] = in_both([&](Isolation isolation) {
      const CompressionClient quantize = open(isolation);
      return without_numbers(
          failure_of([&] { quantize.compress(at(model), at(output), options); }));
    });
    CHECK(here == there);
    CHECK(here.status == status);
    CHECK_THAT(here.message, Contains(words) && Contains("quantize"));
    CHECK_FALSE(fs::exists(at("out")));
  };
  compare("none", "out", kInt8, Status::not_found, "'model-' can't be opened: No such file");
  compare("folder", "out", kInt8, Status::io_error, "it is no regular file");
  compare("model", "none/out", kInt8, Status::not_found, "'output-' can't be created");
  compare("model", "folder", kInt8, Status::io_error, "'output-' can't be created");
  compare("torn", "out", kInt8, Status::data_invalid, "those of the file at");
  compare("text", "out", kInt8, Status::data_invalid, "Is it a safetensors file?");
  compare("model", "out", {.method = "int4"}, Status::not_found, "quantize has: int.");
  compare("model", "out", {.method = ""}, Status::not_found, "There is no method \"\"");
  compare("model", "out",
          {.method = "int8", .options = {{"bits", std::int64_t{8}}, {"fast", true}}},
          Status::invalid_argument, "take out \"bits\"");
  compare("model", "out", {.method = "int8", .calibration = {at("text")}}, Status::invalid_argument,
          "calibration");
}

TEST_CASE_METHOD(Both, "a path that can't be granted is refused before the call") {
  CHECK(failure_of([&] { open().compress("", at("out"), kInt8); }).status ==
        Status::invalid_argument);
}

TEST_CASE_METHOD(Both, "files are lent for the call alone, and neither for the other's use") {
  folder().write("model", small_model());
  folder().write("out", "old");
  const CompressionClient quantize = open();
  quantize.compress(at("model"), at("out"), kInt8);
  Instance instance = quantize.instance();
  const auto status = [&](const std::string& model) {
    return failure_of([&] {
             instance.call_json(BH_COMPRESSION_1, "estimate",
                                R"({"method": "int8", "model": ")" + model + "\"}");
           })
        .status;
  };
  for (int call = 0; call < 20; ++call) {
    CHECK(status("model-" + std::to_string(call)) == Status::permission_denied);
  }
  instance.grant_file("m", at("model"), FileAccess::write);
  CHECK(status("m") == Status::permission_denied);
}

TEST_CASE_METHOD(Both, "it can be called with JSON") {
  folder().write("model", small_model());
  Instance instance = load("quantize").open();
  instance.grant_file("m", at("model"), FileAccess::read);
  instance.grant_file("o", at("out"), FileAccess::write);
  const auto report = nlohmann::json::parse(instance.call_json(
      BH_COMPRESSION_1, "compress", R"({"method": "int8", "model": "m", "output": "o"})"));
  CHECK(report["outputBytes"] == fs::file_size(at("out")));
  CHECK(report["tensors"][0]["name"] == "w");
  CHECK(report["tensors"][0]["before"] == "F32");
}

TEST_CASE_METHOD(Both, "the asynchronous form gives the same report and the same error") {
  folder().write("model", small_model());
  const CompressionClient quantize = open();
  const CompressionReport report = quantize.compress(at("model"), at("one"), kInt8);
  auto good = quantize.compress_async(at("model"), at("two"), kInt8);
  auto bad = quantize.compress_async(at("none"), at("three"), kInt8);
  CHECK(good.get() == report);
  CHECK((read_file(at("one")) == read_file(at("two"))));
  CHECK(failure_of([&] { bad.get(); }).status == Status::not_found);
}

TEST_CASE_METHOD(Both, "an empty model") {
  folder().write("model", oracle::file_of({}));
  const CompressionReport report = open().compress(at("model"), at("out"), kInt8);
  CHECK(report.tensors.empty());
  CHECK(report.parameters == 0);
  CHECK(report.bits_per_parameter == 0);
  CHECK(report.output_bytes == fs::file_size(at("out")));
}

TEST_CASE_METHOD(Both, "a model that is larger than the memory of its cell") {
  policy("[limits]\nmemory = \"256 MiB\"\ncall_timeout = \"5min\"\n");
  write_sparse(at("model"), 10'000, 15'000);  // 600 MB
  std::vector<std::uint64_t> done;
  std::uint64_t total = 0;
  CallOptions options;
  options.progress = [&](std::uint64_t now, std::uint64_t all) {
    done.push_back(now);
    total = all;
  };
  const CompressionReport report = open().compress(at("model"), at("out"), kInt8, options);
  CHECK(report.output_bytes == fs::file_size(at("out")));
  CHECK(report.bits_per_parameter == Approx(8).epsilon(0.001));
  CHECK(report.tensors.at(0).max_error == 0);
  CHECK(done.size() > 1);
  CHECK(std::is_sorted(done.begin(), done.end()));
  CHECK(total == 2 * 600'000'000);
}

TEST_CASE_METHOD(Both, "taken back in the middle, the old output stays as it was") {
  write_sparse(at("model"), 100'000, 1000);
  fs::create_directory(at("made"));
  folder().write("made/out", "old");
  CancelSource cancel;
  CallOptions options;
  options.cancel = &cancel;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (4 * done > total) cancel.cancel();
  };
  const CompressionClient quantize = open();
  const Failure failure =
      failure_of([&] { quantize.compress(at("model"), at("made/out"), kInt8, options); });
  CHECK(failure.status == Status::cancelled);
  CHECK(read_file(at("made/out")) == "old");
  CHECK(files_in("made") == std::vector<std::string>{"out"});
  // The plugin obeyed: its cell still runs, and works.
  CHECK(quantize.estimate(at("model"), kInt8).tensors == 1);
}

TEST_CASE_METHOD(Both, "out of time, there is no output") {
  write_sparse(at("model"), 400'000, 1000);
  fs::create_directory(at("made"));
  const CompressionClient quantize = open();
  CallOptions options;
  options.timeout = 100ms;
  const Failure failure =
      failure_of([&] { quantize.compress(at("model"), at("made/out"), kInt8, options); });
  CHECK(failure.status == Status::deadline_exceeded);
  CHECK(files_in("made").empty());
}

TEST_CASE_METHOD(Both, "a plugin of another kind is none of this one") {
  Plugin plugin = load("quantize");
  CHECK(failure_of([&] { plugin.codec(); }).contains("it is no codec"));
  const Failure failure = failure_of([&] { CompressionClient(load("slow").open()); });
  CHECK(failure.status == Status::unsupported);
  CHECK(failure.contains("it is no compression plugin"));
}
