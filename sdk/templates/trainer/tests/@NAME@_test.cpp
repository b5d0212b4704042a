// Tests of @NAME@ without a host: the library is loaded directly, files are memory.
#include <bulkhead/abi/draft/trainer.h>
#include <bulkhead/testing/checks.hpp>
#include <bulkhead/testing/files.hpp>
#include <bulkhead/testing/instance.hpp>

#include <string>

using namespace bulkhead::testing;

int main(int, char** arguments) {
  const PluginLibrary library(arguments[1]);
  MemoryFiles files;
  files.readable["text"] = std::string(20000, 'a') + std::string(500, 'b');
  files.readable["other"] = "another text";
  files.writable = {"checkpoint"};
  TestServices services("");
  services.lend(BH_FILES_1, files.get());
  const TestInstance instance(library, services);
  const auto& table = instance.table<bh_trainer_v1>(BH_TRAINER_1);

  const auto open = [&](const char* data) {
    const bh_text name = text_of(data);
    TestCall call;
    bh_trainer_open_params params{};
    params.struct_size = sizeof params;
    params.seed = 1;
    params.data = &name;
    params.data_count = 1;
    bh_trainer_run_result result{sizeof result, 0, 0};
    check(call, table.open_run(call, instance.get(), &params, &result));
    return result.run;
  };
  const auto step = [&](std::uint64_t run, std::uint64_t steps) {
    TestCall call;
    const bh_trainer_step_params params{sizeof params, 0, run, steps};
    bh_trainer_step_result result{};
    result.struct_size = sizeof result;
    check(call, table.step(call, instance.get(), &params, &result));
    return result;
  };
  const auto checkpoint = [&](std::uint64_t run) {
    TestCall call;
    const bh_trainer_file_params params{sizeof params, 0, run, text_of("checkpoint")};
    bh_trainer_checkpoint_result result{sizeof result, 0, 0, 0};
    check(call, table.checkpoint(call, instance.get(), &params, &result));
    return files.written["checkpoint"];
  };
  const auto restore = [&](std::uint64_t run, std::string bytes) {
    files.readable["checkpoint"] = std::move(bytes);
    TestCall call;
    const bh_trainer_file_params params{sizeof params, 0, run, text_of("checkpoint")};
    bh_trainer_step_result result{};
    result.struct_size = sizeof result;
    check(call, table.restore(call, instance.get(), &params, &result));
  };
  const auto generate = [&](std::uint64_t run) {
    TestCall call;
    bh_trainer_generate_params params{};
    params.struct_size = sizeof params;
    params.run = run;
    params.max_bytes = 3;
    bh_trainer_generate_result result{};
    result.struct_size = sizeof result;
    check(call, table.generate(call, instance.get(), &params, &result));
    return std::string(reinterpret_cast<const char*>(result.answer.data), result.answer.size);
  };

  Checks checks;
  const std::uint64_t run = open("text");
  const double first = step(run, 1).loss, later = step(run, 2).loss;
  checks.that(later < first / 2, "the loss falls");
  checks.that(generate(run) == "aaa", "the most frequent byte is the answer");

  const std::string saved = checkpoint(run);
  const double next = step(run, 4).loss;
  const std::uint64_t again = open("text");
  restore(again, saved);
  checks.that(step(again, 4).loss == next, "a restored run goes on bit for bit");

  std::string damaged = saved;
  damaged[100] ^= 1;
  checks.fails(
      BH_DATA_INVALID, [&] { restore(again, damaged); }, "a damaged checkpoint is refused");
  checks.fails(
      BH_DATA_INVALID, [&] { restore(again, saved.substr(1)); }, "a cut checkpoint is refused");
  checks.fails(
      BH_VERSION_MISMATCH, [&] { restore(open("other"), saved); },
      "a checkpoint of other data is refused");
  return checks.outcome();
}
