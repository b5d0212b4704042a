// The plugin by itself, on files in memory: what it makes of a model, and what it does when
// something is in its way. The right answer is in oracle.hpp.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <optional>

#include <bulkhead/abi/draft/compression.h>
#include <bulkhead/testing/files.hpp>

#include "oracle.hpp"
#include "tests/plugins/support/plugin_library.hpp"

using namespace bulkhead::testing;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using oracle::Tensor;

namespace {

struct Report {
  std::uint64_t input_bytes, output_bytes, parameters;
  double bits;
  std::vector<bh_compressed_tensor> tensors;  // their texts are memory of the call
};

struct Quantize {
  PluginLibrary library{QUANTIZE_PACKAGE "/lib/quantize.so"};
  MemoryFiles files;
  TestServices services{""};
  bh_instance* instance = nullptr;
  const bh_compression_v1* table = nullptr;
  std::optional<TestCall> call;

  Quantize() {
    files.writable = {"out"};
    services.lend(BH_FILES_1, files.get());
    TestCall opening;
    const bh_open_params params{sizeof(bh_open_params), 0, nullptr, services.get()};
    REQUIRE(library.descriptor().open(opening, &params, &instance) == BH_OK);
    table = static_cast<const bh_compression_v1*>(
        library.descriptor().get_interface(instance, BH_COMPRESSION_1));
    REQUIRE(table != nullptr);
    call.emplace();
  }
  ~Quantize() {
    CHECK(files.open_handles() == 0);
    library.descriptor().close(instance);
  }

  static bh_compression_params params() {
    bh_compression_params params{};
    params.struct_size = sizeof params;
    params.method = text_of("int8");
    params.model = text_of("in");
    params.output = text_of("out");
    return params;
  }
  bh_status compress(const bh_compression_params& params, bh_compression_result& result) {
    result = {};
    result.struct_size = sizeof result;
    return table->compress(*call, instance, &params, &result);
  }
  Report compress() {
    bh_compression_result result;
    const bh_status status = compress(params(), result);
    INFO(call->message);
    REQUIRE(status == BH_OK);
    REQUIRE(call->owns(result.tensors, result.tensor_count * sizeof *result.tensors));
    Report report{result.input_bytes,
                  result.output_bytes,
                  result.parameters,
                  result.bits_per_parameter,
                  {result.tensors, result.tensors + result.tensor_count}};
    for (const auto& tensor : report.tensors) {
      REQUIRE(call->owns(tensor.name.data, tensor.name.size));
      REQUIRE(call->owns(tensor.after.data, tensor.after.size));
    }
    return report;
  }
  bh_compression_estimate_result estimate() {
    bh_compression_estimate_result result{};
    result.struct_size = sizeof result;
    const bh_compression_params asked = params();
    TestCall own;
    const bh_status status = table->estimate(own, instance, &asked, &result);
    INFO(own.message);
    REQUIRE(status == BH_OK);
    return result;
  }
  // compress() must fail so, and there must be no output; its words.
  std::string refused(bh_status expected, const bh_compression_params& params) {
    bh_compression_result result;
    const bh_status status = compress(params, result);
    CHECK(status == expected);
    CHECK(files.written.empty());
    CHECK(files.open_handles() == 0);
    return call->message;
  }
  std::string refused(bh_status expected) { return refused(expected, params()); }

  // Compresses the tensors and holds everything against the oracle.
  void check_against_oracle(const std::vector<Tensor>& tensors,
                            const oracle::ordered_json& metadata = {});
};

bool floating(const std::string& dtype) {
  return dtype == "F16" || dtype == "BF16" || dtype == "F32" || dtype == "F64";
}

void Quantize::check_against_oracle(const std::vector<Tensor>& tensors,
                                    const oracle::ordered_json& metadata) {
  files.readable["in"] = oracle::file_of(tensors, metadata);
  const Report report = compress();
  const std::string& output = files.written["out"];
  const oracle::File made = oracle::read(output);
  CHECK(report.input_bytes == files.readable["in"].size());
  CHECK(report.output_bytes == output.size());
  REQUIRE(report.tensors.size() == tensors.size());
  CHECK(files.largest_transfer <= BH_FILES_MAX_TRANSFER);

  const auto estimate = this->estimate();
  CHECK(estimate.input_bytes == report.input_bytes);
  CHECK(estimate.output_bytes == output.size());
  CHECK(estimate.tensors == tensors.size());
  CHECK(estimate.parameters == report.parameters);

  std::uint64_t parameters = 0;
  std::size_t made_tensors = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    const bh_compressed_tensor& told = report.tensors[i];
    INFO(tensor.name);
    std::uint64_t count = 1;
    for (const std::uint64_t length : tensor.shape) count *= length;
    parameters += count;
    CHECK(string_of(told.name) == tensor.name);
    CHECK(string_of(told.before) == tensor.dtype);
    CHECK(told.parameters == count);
    CHECK(told.bytes_before == tensor.bytes.size());
    const Tensor& after = made.tensors.at(tensor.name);
    CHECK(after.shape == tensor.shape);
    CHECK(string_of(told.after) == after.dtype);
    CHECK(made.offsets.at(tensor.name) % oracle::bytes_of(after.dtype) == 0);
    if (!floating(tensor.dtype) || tensor.shape.size() < 2 || count == 0) {
      ++made_tensors;
      CHECK(after.dtype == tensor.dtype);
      CHECK(after.bytes == tensor.bytes);
      CHECK(told.bytes_after == tensor.bytes.size());
      CHECK(told.max_error == 0);
      CHECK(told.rms_error == 0);
      continue;
    }
    made_tensors += 2;
    const oracle::Quantized expected = oracle::quantize(tensor);
    const Tensor& scales = made.tensors.at(tensor.name + ".scale");
    CHECK(after.dtype == "I8");
    CHECK(scales.dtype == "F32");
    CHECK(scales.shape == std::vector<std::uint64_t>{tensor.shape[0]});
    CHECK(made.offsets.at(tensor.name + ".scale") % 4 == 0);
    // Not CHECK(a == b): a failure would print megabytes.
    CHECK((after.bytes == oracle::bytes_of_values(expected.levels)));
    CHECK((scales.bytes == oracle::bytes_of_values(expected.scales)));
    CHECK(told.bytes_after == after.bytes.size() + scales.bytes.size());
    CHECK(told.max_error == expected.max_error);
    CHECK(told.rms_error == Approx(expected.rms_error).epsilon(1e-12));
  }
  CHECK(made.tensors.size() == made_tensors);
  CHECK(report.parameters == parameters);
  CHECK(report.bits == (parameters == 0 ? 0
                                        : 8.0 * static_cast<double>(output.size()) /
                                              static_cast<double>(parameters)));
  oracle::ordered_json expected_metadata = metadata;
  REQUIRE(made.metadata.contains("quantization_config"));
  const auto config =
      oracle::ordered_json::parse(made.metadata["quantization_config"].get<std::string>());
  CHECK(config["quant_method"] == "bulkhead_int8");
  CHECK(config["bits"] == 8);
  expected_metadata["quantization_config"] = made.metadata["quantization_config"];
  CHECK(made.metadata == expected_metadata);
}

Tensor f32(const std::string& name, std::vector<std::uint64_t> shape, std::vector<float> values) {
  return {name, "F32", std::move(shape), oracle::bytes_of_values(values)};
}

}  // namespace

TEST_CASE_METHOD(Quantize, "the descriptor names the interface and the service that it needs") {
  CHECK(library.descriptor().id == "quantize"s);
  CHECK(library.descriptor().interfaces[0] == BH_COMPRESSION_1 ""s);
  CHECK(library.descriptor().interfaces[1] == nullptr);
  CHECK(library.descriptor().services_required[0] == BH_FILES_1 ""s);
  CHECK(library.descriptor().get_interface(instance, "bulkhead.codec/1") == nullptr);
}

TEST_CASE_METHOD(Quantize, "info names the method") {
  const bh_empty none{sizeof(bh_empty), 0};
  bh_compression_info_result result{};
  result.struct_size = sizeof result;
  REQUIRE(table->info(*call, instance, &none, &result) == BH_OK);
  CHECK(string_of(result.name) == "quantize");
  REQUIRE(result.method_count == 1);
  CHECK(call->owns(result.methods, sizeof *result.methods));
  CHECK(string_of(result.methods[0].name) == "int8");
}

TEST_CASE_METHOD(Quantize, "a small model, by hand") {
  files.readable["in"] = oracle::file_of({f32("w", {2, 3}, {127, -1.5f, 0.5f, 0, 0, 0})});
  const Report report = compress();
  const oracle::File made = oracle::read(files.written["out"]);
  CHECK(made.tensors.at("w").bytes == "\x7F\xFE\0\0\0\0"s);
  CHECK(made.tensors.at("w.scale").bytes == oracle::bytes_of_values<float>({1, 1}));
  CHECK(report.tensors[0].max_error == 0.5);
  CHECK(report.tensors[0].rms_error == Approx(std::sqrt(0.5 / 6)));
  CHECK(report.tensors[0].bytes_after == 6 + 8);
}

TEST_CASE_METHOD(Quantize, "every format and shape is what the oracle says") {
  using oracle::random_tensor;
  check_against_oracle({random_tensor("embed", "F32", {33, 17}, 1),
                        random_tensor("norm", "F32", {17}, 2),
                        random_tensor("half", "F16", {5, 3, 2, 7}, 3),
                        random_tensor("brain", "BF16", {7, 31}, 4),
                        random_tensor("wide", "F64", {3, 5}, 5, 100),
                        random_tensor("bias", "F16", {3}, 6),
                        {"ids", "I64", {2, 2}, std::string(32, '\x81')},
                        {"flags", "BOOL", {3}, "\0\1\1"s},
                        {"scalar", "F64", {}, std::string(8, '\3')},
                        {"float8", "F8_E5M2", {2, 2}, "abcd"},
                        {"empty", "F32", {0, 7}, ""},
                        {"flat", "F32", {7, 0}, ""},
                        random_tensor("column", "BF16", {9, 1}, 7),
                        random_tensor("line", "F32", {1, 9}, 8),
                        {"zeros", "F32", {2, 2}, std::string(16, '\0')},
                        {"n\xC3\xA4me \"q\"\\\n", "I8", {1}, "x"}},
                       {{"format", "pt"}, {"k\xC3\xA9y", "\"v\"\n"}});
}

TEST_CASE_METHOD(Quantize, "a model without tensors stays one") { check_against_oracle({}); }

TEST_CASE_METHOD(Quantize, "rows that are longer than a piece, and pieces that end within a row") {
  using oracle::random_tensor;
  constexpr std::uint64_t kPiece = 256 * 1024;
  check_against_oracle({random_tensor("long", "F32", {3, kPiece + 1}, 1),
                        random_tensor("just", "F16", {2, kPiece}, 2),
                        random_tensor("very", "F64", {2, 2 * kPiece + 77}, 3),
                        random_tensor("odd", "BF16", {1001, 1003}, 4),
                        random_tensor("thin", "F32", {kPiece + 5, 1}, 5),
                        {"bytes", "U8", {3'000'001}, std::string(3'000'001, 'b')}});
}

TEST_CASE_METHOD(Quantize, "numbers of extreme size have exact errors too") {
  const float most = std::numeric_limits<float>::max();
  const float least = std::numeric_limits<float>::denorm_min();
  check_against_oracle(
      {f32("f", {4, 2}, {most, -most, least, 3 * least, 1, least, 200 * least, 0}),
       {"d",
        "F64",
        {3, 2},
        oracle::bytes_of_values<double>({1e-300, -3e-310, 4e40, 1, 1e-44, 7e-44})}});
}

TEST_CASE_METHOD(Quantize, "progress rises to all bytes that are read, each of them real") {
  files.readable["in"] = oracle::file_of({oracle::random_tensor("a", "F32", {1000, 1000}, 1),
                                          oracle::random_tensor("b", "F32", {3, 300'000}, 2),
                                          {"c", "U8", {5}, "abcde"}});
  std::vector<std::uint64_t> done;
  std::uint64_t total = 0;
  call->on_progress([&](std::uint64_t now, std::uint64_t all) {
    done.push_back(now);
    CHECK((total == 0 || total == all));
    total = all;
  });
  compress();
  REQUIRE(done.size() > 10);
  CHECK(std::is_sorted(done.begin(), done.end()));
  CHECK(done.back() == total);
  // Whole rows twice, long ones three times, copies once; besides that the header.
  CHECK(total == 2 * 4'000'000 + 3 * 3'600'000 + 5);
  CHECK(files.bytes_read == total + files.readable["in"].size() - 7'600'005);
}

TEST_CASE_METHOD(Quantize, "cancelled in the middle, nothing remains") {
  files.readable["in"] = oracle::file_of({oracle::random_tensor("a", "F32", {1000, 1000}, 1)});
  const bool early = GENERATE(true, false);
  call->on_progress([&](std::uint64_t done, std::uint64_t total) {
    if (early || 2 * done > total) call->cancel();
  });
  CHECK_THAT(refused(BH_CANCELLED), Contains("cancelled"));
}

TEST_CASE_METHOD(Quantize, "what is not granted is told in the words of the host") {
  CHECK(refused(BH_PERMISSION_DENIED) == "in was not granted for reading");
  files.readable["in"] = oracle::file_of({});
  files.writable.clear();
  CHECK(refused(BH_PERMISSION_DENIED) == "out was not granted for writing");
}

TEST_CASE_METHOD(Quantize, "a full disk leaves nothing") {
  files.readable["in"] = oracle::file_of({oracle::random_tensor("a", "F32", {1000, 2000}, 1)});
  files.disk = GENERATE(0, 10'000, 2'000'000);
  CHECK(refused(BH_RESOURCE_EXHAUSTED) == "the disk is full");
}

TEST_CASE_METHOD(Quantize, "an output for which the caller has no memory is not committed") {
  files.readable["in"] = oracle::file_of({f32("w", {1, 1}, {1})});
  call->limit_output(GENERATE(80, 90));  // of 94
  CHECK_THAT(refused(BH_OUT_OF_MEMORY), Contains("output limit"));
}

TEST_CASE_METHOD(Quantize, "a model that changes while it is read is noticed") {
  files.readable["in"] = oracle::file_of({oracle::random_tensor("a", "F32", {1000, 1000}, 1)});
  const std::uint64_t half = files.readable["in"].size();
  SECTION("its numbers") {
    files.on_read = [&](std::string& bytes, std::uint64_t) {
      if (files.bytes_read > half) bytes.back() = '\x7E';
    };
    CHECK_THAT(refused(BH_IO_ERROR), Contains("changed while it was read: tensor \"a\""));
  }
  SECTION("its size") {
    files.on_read = [&](std::string& bytes, std::uint64_t) {
      if (files.bytes_read > half) bytes.resize(1000);
    };
    CHECK_THAT(refused(BH_IO_ERROR), Contains("became shorter"));
  }
}

TEST_CASE_METHOD(Quantize, "a number that int8 can't stand for is refused with its place") {
  const double bad = GENERATE(INFINITY, -INFINITY, double(NAN), 1e300);
  std::vector<double> values(20, 1.0);
  values[13] = bad;
  files.readable["in"] = oracle::file_of({{"w", "F64", {4, 5}, oracle::bytes_of_values(values)}});
  CHECK_THAT(refused(BH_DATA_INVALID), Contains("tensor \"w\", row 2:"));
  // In a tensor that is copied it is nobody's concern.
  files.readable["in"] = oracle::file_of({{"w", "F64", {20}, oracle::bytes_of_values(values)}});
  compress();
  CHECK(oracle::read(files.written["out"]).tensors.at("w").bytes ==
        oracle::bytes_of_values(values));
}

TEST_CASE_METHOD(Quantize, "names of scales must be free, and a quantized model is not one again") {
  files.readable["in"] = oracle::file_of({f32("w", {1, 1}, {1}), f32("w.scale", {1}, {1})});
  CHECK_THAT(refused(BH_INVALID_ARGUMENT), Contains("\"w.scale\""));
  files.readable["in"] = oracle::file_of({f32("w", {1}, {1}), f32("w.scale", {1}, {1})});
  compress();
  files.readable["in"] = files.written["out"];
  files.written.clear();
  CHECK_THAT(refused(BH_INVALID_ARGUMENT), Contains("quantized already"));
}

TEST_CASE_METHOD(Quantize, "methods, options and calibration that there are not") {
  files.readable["in"] = oracle::file_of({});
  auto wrong = params();
  wrong.method = text_of("int4");
  CHECK(refused(BH_NOT_FOUND, wrong) == "There is no method \"int4\"; quantize has: int8.");
  bh_compression_estimate_result estimate{};
  estimate.struct_size = sizeof estimate;
  CHECK(table->estimate(*call, instance, &wrong, &estimate) == BH_NOT_FOUND);
  wrong = params();
  const bh_config_entry option{text_of("bits"), BH_VALUE_INTEGER, 0, 8, 0, {}};
  wrong.options = &option;
  wrong.option_count = 1;
  CHECK_THAT(refused(BH_INVALID_ARGUMENT, wrong), Contains("no options; take out \"bits\""));
  wrong = params();
  const bh_text sample = text_of("in");
  wrong.calibration = &sample;
  wrong.calibration_count = 1;
  CHECK_THAT(refused(BH_INVALID_ARGUMENT, wrong), Contains("calibration"));
  wrong = params();
  wrong.struct_size = 8;
  CHECK_THAT(refused(BH_PROTOCOL_ERROR, wrong), Contains("bh_compression_params"));
}

TEST_CASE_METHOD(Quantize, "a file that is no model is refused, with the reason") {
  const auto words = [&](const std::string& file) {
    files.readable["in"] = file;
    return refused(BH_DATA_INVALID);
  };
  CHECK_THAT(words(""), Contains("no valid safetensors file: the file has 0 bytes"));
  CHECK_THAT(words("1234567"), Contains("the file has 7 bytes"));
  CHECK_THAT(words("PK\3\4 a zip archive"), Contains("at most 100000000 are allowed"));
  CHECK_THAT(words(oracle::with_size("{}").substr(0, 9)), Contains("ends after 1 of them"));
  CHECK_THAT(words(oracle::with_size("{}") + "x"), Contains("those of the file at 1"));
  CHECK_THAT(words(oracle::with_size("")), Contains("does not begin with '{'"));
  std::string file = oracle::file_of({f32("w", {2, 2}, {1, 2, 3, 4})});
  file.pop_back();
  CHECK_THAT(words(file), Contains("tensors end at 16, those of the file at 15"));
}

TEST_CASE_METHOD(Quantize, "a file with random damage is compressed or refused, never more") {
  const std::string good = oracle::file_of(
      {oracle::random_tensor("a", "F32", {4, 4}, 1), oracle::random_tensor("b", "F16", {2, 3}, 2)},
      {{"format", "pt"}});
  std::mt19937 random(7);
  int made = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string& file = files.readable["in"] = good;
    for (unsigned n = random() % 3; n-- > 0;) file[random() % file.size()] ^= 1 << random() % 8;
    if (random() % 8 == 0) file.resize(random() % file.size());
    bh_compression_result result;
    call.emplace();
    const bh_status status = compress(params(), result);
    INFO(call->message);
    REQUIRE((status == BH_OK || status == BH_DATA_INVALID || status == BH_INVALID_ARGUMENT));
    made += status == BH_OK;
    REQUIRE(files.open_handles() == 0);
  }
  CHECK(made > 1000);
  CHECK(made < 4500);
}
