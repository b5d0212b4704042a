// Tests of @NAME@ without a host: the library is loaded directly.
#include <bulkhead/abi/draft/provider.h>
#include <bulkhead/testing/checks.hpp>
#include <bulkhead/testing/instance.hpp>

#include <string>

using namespace bulkhead::testing;

int main(int, char** arguments) {
  const PluginLibrary library(arguments[1]);
  TestServices services("");
  const TestInstance instance(library, services);
  const auto& table = instance.table<bh_provider_v1>(BH_PROVIDER_1);

  const auto submit = [&](const char* intent, const char* word) {
    const bh_text words[] = {text_of(word)};
    TestCall call;
    bh_provider_submit_params params{};
    params.struct_size = sizeof params;
    params.intent = text_of(intent);
    params.job.arguments = words;
    params.job.argument_count = 1;
    bh_provider_handle_result result{};
    result.struct_size = sizeof result;
    check(call, table.submit_job(call, instance.get(), &params, &result));
    return std::string(reinterpret_cast<const char*>(result.handle.data), result.handle.size);
  };
  const auto find = [&](const char* intent) {
    TestCall call;
    const bh_provider_find_params params{sizeof params, 0, text_of(intent)};
    bh_provider_handle_result result{};
    result.struct_size = sizeof result;
    check(call, table.find(call, instance.get(), &params, &result));
    return std::string(reinterpret_cast<const char*>(result.handle.data), result.handle.size);
  };
  const auto log = [&](const std::string& handle, std::uint64_t after) {
    TestCall call;
    bh_provider_logs_params params{};
    params.struct_size = sizeof params;
    params.handle = bytes_of(handle);
    params.after = after;
    bh_provider_logs_result result{};
    result.struct_size = sizeof result;
    check(call, table.logs(call, instance.get(), &params, &result));
    return std::string(reinterpret_cast<const char*>(result.bytes.data), result.bytes.size);
  };
  const auto destroy = [&](const std::string& handle) {
    TestCall call;
    const bh_provider_handle_params params{sizeof params, 0, bytes_of(handle)};
    bh_provider_destroy_result result{};
    result.struct_size = sizeof result;
    check(call, table.destroy(call, instance.get(), &params, &result));
    return result.gone == 1;
  };

  Checks checks;
  const std::string handle = submit("intent-1", "hello");
  checks.that(submit("intent-1", "again") == handle, "the same intent is never two jobs");
  checks.that(find("intent-1") == handle, "a job is found by its intent");
  checks.that(log(handle, 0) == "hello\n", "the log is what the job printed");
  checks.that(log(handle, 4) == "o\n", "a log is read on from a position");
  checks.fails(
      BH_NOT_FOUND, [&] { find("intent-2"); }, "an unknown intent is not found");
  checks.fails(
      BH_DATA_INVALID, [&] { log("nonsense", 0); }, "what is no handle is refused");
  checks.that(destroy(handle) && destroy(handle), "a job can be destroyed twice");
  checks.fails(
      BH_NOT_FOUND, [&] { find("intent-1"); }, "a job that was destroyed is gone");
  return checks.outcome();
}
