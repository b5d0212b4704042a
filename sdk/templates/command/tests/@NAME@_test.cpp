// Tests of @NAME@ without a host: the library is loaded directly.
#include <bulkhead/abi/draft/command.h>
#include <bulkhead/testing/checks.hpp>
#include <bulkhead/testing/instance.hpp>

#include <string>

using namespace bulkhead::testing;

int main(int, char** arguments) {
  const PluginLibrary library(arguments[1]);
  TestServices services("");
  const TestInstance instance(library, services);
  const auto& commands = instance.table<bh_command_v1>(BH_COMMAND_1);

  const auto run = [&](const char* name, std::string_view input) {
    TestCall call;
    bh_command_run_params params{};
    params.struct_size = sizeof params;
    params.name = text_of(name);
    params.input = bytes_of(input);
    bh_command_run_result result{};
    result.struct_size = sizeof result;
    check(call, commands.run(call, instance.get(), &params, &result));
    return string_of(result.output);
  };

  Checks checks;
  checks.that(run("count-lines", "a\nb\n") == "2\n", "two lines are counted");
  checks.that(run("count-lines", "") == "0\n", "an empty input has no lines");
  checks.fails(
      BH_NOT_FOUND, [&] { run("no-such-command", ""); }, "an unknown command is refused");
  return checks.outcome();
}
