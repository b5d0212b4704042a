// The key sentences of the smaller interfaces: multimodal, compression, command, events, state.
#include <bulkhead/abi/draft/command.h>
#include <bulkhead/abi/draft/compression.h>
#include <bulkhead/abi/draft/events.h>
#include <bulkhead/abi/draft/multimodal.h>
#include <bulkhead/abi/draft/state.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

// ---- multimodal

// Each planned call of `load` and its items.
std::vector<json> batches_of(Subject& subject) {
  std::vector<json> batches;
  for (const PlannedCall& call : planned_calls(subject)) {
    if (call.interface == BH_MULTIMODAL_1 && call.method == "load" &&
        call.params.contains("items") && !call.params["items"].empty())
      batches.push_back(call.params["items"]);
  }
  if (batches.empty()) throw Skip{"no file is known that it loads: add a call to check/check.toml"};
  return batches;
}

void same_facts(Subject& subject, Notes&) {
  Run run(subject);
  for (const json& items : batches_of(subject)) {
    const json probed = run.must(BH_MULTIMODAL_1, "probe", {{"items", items}})["items"];
    const json loaded = run.must(BH_MULTIMODAL_1, "load", {{"items", items}})["items"];
    if (probed.size() != items.size() || loaded.size() != items.size())
      throw Violation{"",
                      "of " + std::to_string(items.size()) + " files probe tells of " +
                          std::to_string(probed.size()) + " and load of " +
                          std::to_string(loaded.size()),
                      "give one item for each file, in their order"};
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (probed[i] != loaded[i]["facts"])
        throw Violation{
            "", "probe says " + probed[i].dump() + ", and load " + loaded[i]["facts"].dump(),
            "probe tells from the header what load will give"};
    }
  }
}

void batch_of_one(Subject& subject, Notes&) {
  Run run(subject);
  for (const json& items : batches_of(subject)) {
    for (const unsigned threads : {1u, 4u}) {
      const json many =
          run.must(BH_MULTIMODAL_1, "load", {{"items", items}, {"threads", threads}})["items"];
      for (std::size_t i = 0; i < items.size() && i < many.size(); ++i) {
        const json one = run.must(BH_MULTIMODAL_1, "load", {{"items", {items[i]}}})["items"];
        if (one.size() != 1 || one[0] != many[i])
          throw Violation{"",
                          "file " + std::to_string(i) + " of a batch on " +
                              std::to_string(threads) + " threads differs from the file alone",
                          "a batch is the same as its files one by one, on any number of threads"};
      }
    }
  }
}

void unknown_media(Subject& subject, Notes&) {
  Run run(subject);
  const json item = {{"bytes", "x"}, {"mediaType", "check/no-such-type"}};
  for (const char* method : {"probe", "load"}) {
    const Answer answer = run.call(BH_MULTIMODAL_1, method, {{"items", {item}}});
    if (answer.status != Status::unsupported || answer.text.find('0') == std::string::npos)
      throw Violation{"",
                      std::string(method) + " of an unknown media type gives " +
                          status_name(answer.status) + ": " + answer.text,
                      "BH_UNSUPPORTED; the text begins with the item's index"};
  }
}

// ---- compression

PlannedCall compress_call(Subject& subject) {
  for (const PlannedCall& call : planned_calls(subject)) {
    if (call.interface == BH_COMPRESSION_1 && call.method == "compress") return call;
  }
  throw Skip{"check/check.toml has no call of compress: docs/check.md"};
}

std::uint64_t file_size(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

void report(Subject& subject, Notes& notes) {
  const PlannedCall call = compress_call(subject);
  Run run(subject);
  const json result = run.must(call);
  const std::string output = call.params.value("output", "");
  const auto bytes = file_size(run.written(output));
  std::uint64_t parameters = 0;
  for (const json& tensor : result["tensors"]) {
    parameters += tensor["parameters"].get<std::uint64_t>();
    if (tensor["rmsError"].get<double>() > tensor["maxError"].get<double>() ||
        !(tensor["maxError"].get<double>() >= 0))
      throw Violation{"", "the errors of a tensor can't be: " + tensor.dump(),
                      "rms_error is at most max_error, and none is negative"};
  }
  notes.figures = {{"output_bytes", static_cast<double>(bytes)},
                   {"tensors", static_cast<double>(result["tensors"].size())}};
  const auto said = result["outputBytes"].get<std::uint64_t>();
  if (said != bytes)
    throw Violation{"",
                    "the report says " + std::to_string(said) + " bytes, the output has " +
                        std::to_string(bytes),
                    "output_bytes is the size of the file, headers included"};
  if (result["parameters"] != parameters)
    throw Violation{"",
                    "the report has " + result["parameters"].dump() +
                        " parameters, its tensors together " + std::to_string(parameters),
                    "parameters is the sum of the tensors'"};
  const double bits =
      parameters == 0 ? 0 : 8.0 * static_cast<double>(bytes) / static_cast<double>(parameters);
  if (const double its = result["bitsPerParameter"].get<double>();
      parameters != 0 && std::abs(its - bits) > 1e-6 * bits)
    throw Violation{"",
                    "bits_per_parameter is " + std::to_string(its) + ", and the file has " +
                        std::to_string(bits),
                    "it is of the output file"};
}

void estimate(Subject& subject, Notes&) {
  const PlannedCall call = compress_call(subject);
  Run run(subject);
  const json result = run.must(call);
  PlannedCall before = call;
  before.method = "estimate";
  before.write.clear();
  const json guess = run.must(before);
  if (guess["inputBytes"] != result["inputBytes"] || guess["parameters"] != result["parameters"] ||
      guess["tensors"] != result["tensors"].size())
    throw Violation{"",
                    "estimate says " + guess.dump() + ", and compress reports inputBytes " +
                        result["inputBytes"].dump() + ", parameters " +
                        result["parameters"].dump() + ", tensors " +
                        std::to_string(result["tensors"].size()),
                    "both count the same model"};
}

void no_output(Subject& subject, Notes&) {
  PlannedCall call = compress_call(subject);
  Run run(subject);
  if (call.read.empty()) throw Skip{"the planned call reads no file"};
  std::string model = read_file(call.read.front().second, std::size_t{1} << 30);
  if (model.empty()) throw Skip{"the planned model is empty"};
  model.pop_back();
  call.read.front().second = subject.scratch().write("broken-model", model);
  const std::string output = run.written(call.params.value("output", ""));
  std::error_code ignored;
  std::filesystem::remove(output, ignored);
  const Answer answer = run.call(call);
  if (answer.ok())
    throw Violation{"", "a model whose last byte is missing is compressed without an error",
                    "BH_DATA_INVALID for a malformed model; the text says where"};
  if (std::filesystem::exists(output, ignored))
    throw Violation{"", "a call that failed left its output", "failed: there is no output"};
}

// ---- command, events, state

bool is_command_name(const std::string& name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

void commands(Subject& subject, Notes& notes) {
  Run run(subject);
  const json list = run.must(BH_COMMAND_1, "list", json::object())["commands"];
  notes.figures = {{"commands", static_cast<double>(list.size())}};
  std::set<std::string> names;
  for (const json& command : list) {
    const std::string name = command["name"], summary = command["summary"];
    if (!is_command_name(name) || !names.insert(name).second)
      throw Violation{"", "the command '" + name + "' has a name that is none, or twice",
                      "[a-z][a-z0-9-]*, each once"};
    if (summary.empty() || summary.find('\n') != std::string::npos)
      throw Violation{"", "the summary of '" + name + "' is no line",
                      "say in one line what it does"};
  }
}

void exit_codes(Subject& subject, Notes&) {
  Run run(subject);
  const json list = run.must(BH_COMMAND_1, "list", json::object())["commands"];
  for (const json& command : list) {
    const Answer answer = run.call(BH_COMMAND_1, "run", {{"name", command["name"]}});
    if (!answer.ok()) continue;
    const auto code = answer.result["exitCode"].get<std::int64_t>();
    if (code < 0 || code > 125)
      throw Violation{"",
                      "'" + command["name"].get<std::string>() + "' ends with exit code " +
                          std::to_string(code),
                      "exit codes are 0 to 125"};
  }
  const Answer unknown = run.call(BH_COMMAND_1, "run", {{"name", "no-such-command"}});
  if (unknown.status != Status::not_found)
    throw Violation{"", "a command that does not exist gives " + status_name(unknown.status),
                    "BH_NOT_FOUND for what `list` does not name"};
}

void subscriptions(Subject& subject, Notes& notes) {
  Run run(subject);
  const json list = run.must(BH_EVENTS_1, "subscriptions", json::object())["subscriptions"];
  notes.figures = {{"subscriptions", static_cast<double>(list.size())}};
  for (const json& one : list) {
    const std::string event = one["event"];
    const std::size_t star = event.find('*');
    if (event.empty() || (star != std::string::npos && star + 1 != event.size()) ||
        one["priority"].get<std::uint64_t>() > 999)
      throw Violation{"", "the subscription " + one.dump() + " can't be",
                      "an event's name, with a '*' only as its end, and a priority of 0 to 999"};
  }
}

void state(Subject& subject, Notes&) {
  Run run(subject);
  const json saved = run.must(BH_STATE_1, "save", json::object());
  run.use(run.open());
  run.must(BH_STATE_1, "restore", saved);
  const json again = run.must(BH_STATE_1, "save", json::object());
  if (again != saved)
    throw Violation{
        "",
        "what was saved comes back as " + call_text("", again) + ", not as " + call_text("", saved),
        "an instance that restored a state saves the same"};
  json newer = saved;
  newer["version"] = 4294967295u;
  const Answer answer = run.call(BH_STATE_1, "restore", newer);
  if (answer.status != Status::version_mismatch)
    throw Violation{
        "", "the state of version 4294967295 is restored with " + status_name(answer.status),
        "BH_VERSION_MISMATCH for a newer one"};
  if (run.must(BH_STATE_1, "save", json::object()) != again)
    throw Violation{"", "a restore that failed changed the instance",
                    "on an error the instance stays as it was"};
}

constexpr const char* kMultimodal = "bulkhead/abi/draft/multimodal.h";
constexpr const char* kCompression = "bulkhead/abi/draft/compression.h";
constexpr const char* kCommand = "bulkhead/abi/draft/command.h";

constexpr Case kCases[] = {
    {{"multimodal.facts", "probe tells what load gives, one item for each file.", kMultimodal},
     same_facts,
     BH_MULTIMODAL_1},
    {{"multimodal.batches", "A batch is the same as its files one by one.", kMultimodal},
     batch_of_one,
     BH_MULTIMODAL_1},
    {{"multimodal.unknown_media", "An unknown media type is unsupported, and the item named.",
      kMultimodal},
     unknown_media,
     BH_MULTIMODAL_1},
    {{"compression.report", "The report is that of the output: sizes, sums, errors.", kCompression},
     report,
     BH_COMPRESSION_1},
    {{"compression.estimate", "estimate counts the model that compress reports on.", kCompression},
     estimate,
     BH_COMPRESSION_1},
    {{"compression.no_output", "A broken model is refused, and leaves no output.", kCompression},
     no_output,
     BH_COMPRESSION_1},
    {{"command.list", "Commands have names, each once, and a summary of one line.", kCommand},
     commands,
     BH_COMMAND_1},
    {{"command.run", "Commands end with 0 to 125; one that does not exist is not found.", kCommand},
     exit_codes,
     BH_COMMAND_1},
    {{"events.subscriptions", "Subscriptions name events, with priorities of 0 to 999.",
      "bulkhead/abi/draft/events.h"},
     subscriptions,
     BH_EVENTS_1},
    {{"state.restore", "A state that was saved can be restored, one of a newer version not.",
      "bulkhead/abi/draft/state.h"},
     state,
     BH_STATE_1},
};

}  // namespace

std::span<const Case> draft_cases() { return kCases; }

}  // namespace bulkhead::check
