// Tests of @NAME@ without a host: the library is loaded directly, files are memory.
#include <bulkhead/abi/draft/compression.h>
#include <bulkhead/testing/checks.hpp>
#include <bulkhead/testing/files.hpp>
#include <bulkhead/testing/instance.hpp>

#include <string>
#include <vector>

using namespace bulkhead::testing;

int main(int, char** arguments) {
  const PluginLibrary library(arguments[1]);
  MemoryFiles files;
  files.writable = {"out"};
  TestServices services("");
  services.lend(BH_FILES_1, files.get());
  const TestInstance instance(library, services);
  const auto& table = instance.table<bh_compression_v1>(BH_COMPRESSION_1);

  // Compresses these bytes; the output is in files.written["out"].
  const auto compress = [&](const std::string& model, TestCall& call) {
    files.readable["in"] = model;
    files.written.clear();
    bh_compression_params params{};
    params.struct_size = sizeof params;
    params.method = text_of("bf16");
    params.model = text_of("in");
    params.output = text_of("out");
    bh_compression_result result{};
    result.struct_size = sizeof result;
    check(call, table.compress(call, instance.get(), &params, &result));
    return result;
  };

  Checks checks;
  {
    const std::vector<float> numbers = {1.0f, -2.5f, 0.1f};
    TestCall call;
    const auto report =
        compress(std::string(reinterpret_cast<const char*>(numbers.data()), 12), call);
    checks.that(files.written["out"].size() == 6, "the output has half the size");
    checks.that(report.output_bytes == 6 && report.parameters == 3, "the report says so");
    const double error = report.tensors[0].max_error;
    checks.that(error > 0 && error < 0.1 / 128, "only 0.1 loses something, and little");
  }
  checks.fails(
      BH_DATA_INVALID,
      [&] {
        TestCall call;
        compress("abc", call);
      },
      "a file that holds no whole numbers is refused");
  checks.that(!files.written.contains("out"), "a call that fails leaves no output");
  checks.fails(
      BH_CANCELLED,
      [&] {
        TestCall call;
        call.cancel();
        compress(std::string(1 << 20, '\0'), call);
      },
      "a cancelled call ends");
  return checks.outcome();
}
