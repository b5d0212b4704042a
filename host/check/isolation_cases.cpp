// isolation.*: the same plugin, in process and in a cell. In process it runs in a program of its
// own, which sends back what write_answers() makes there.
#include <algorithm>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

constexpr unsigned kSeed = 20240301;
constexpr int kRandomCalls = 20;  // of each method
constexpr std::size_t kLargestWritten = std::size_t{256} << 20;

std::uint64_t fingerprint(std::string_view bytes) {  // FNV-1a
  std::uint64_t hash = 14695981039346656037u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  return hash;
}

// One line for one call.
void add_answer(Run& run, const PlannedCall& call, std::string& text) {
  CallOptions options;
  options.timeout = std::chrono::seconds(10);
  const Answer answer = run.call(call, options);
  // How far a call comes in a given time is not the plugin's to decide.
  if (answer.status == Status::deadline_exceeded) return;
  json line = {{"call", call_text(call.method, call.params)},
               {"status", status_name(answer.status)},
               {"answer", answer.ok() ? answer.result : json(answer.text)}};
  for (const std::string& name : call.write) {
    if (!answer.ok()) continue;
    const std::string content = read_file(run.written(name), kLargestWritten);
    line["written"][name] = {content.size(), fingerprint(content)};
  }
  text += line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string answers_of(Subject& subject, Isolation isolation) {
  std::vector<PlannedCall> calls = planned_calls(subject);
  for (PlannedCall& call : refused_calls(subject)) calls.push_back(std::move(call));
  for (const wire::InterfaceInfo* interface : known_interfaces(subject)) {
    std::mt19937_64 random(kSeed);
    for (const wire::MethodInfo& method : interface->methods()) {
      if (!harmless(*interface, method.name)) continue;
      for (int i = 0; i < kRandomCalls; ++i)
        calls.push_back(
            {interface->name, method.name, random_params(method.params, random), {}, {}});
    }
  }
  std::erase_if(calls, [](const PlannedCall& call) { return !repeatable(call); });
  Run run(subject, isolation);
  std::string text;
  for (const PlannedCall& call : calls) {
    subject.must_have_time();
    add_answer(run, call, text);
  }
  return text;
}

std::string first_line(const std::string& text, std::size_t at) {
  std::string line = text.substr(at, text.find('\n', at) - at);
  return line.size() <= 400 ? line : line.substr(0, 400) + "...";
}

void equal(Subject& subject, Notes& notes) {
  subject.needs_library();
  if (!subject.options().answers_in_process)
    throw Skip{"not asked for: --in-process runs the plugin without a sandbox, too"};
  const std::string cell = answers_of(subject, Isolation::cell);
  std::string in_process;
  try {
    in_process = subject.options().answers_in_process(subject.folder(), subject.scratch().folder());
  } catch (const Error& error) {
    if (error.status() == Status::cancelled) throw;
    throw Violation{"", error.what(),
                    "what a cell survives ends a host in process: see call.survives"};
  }
  notes.figures = {{"answers", static_cast<double>(std::count(cell.begin(), cell.end(), '\n'))}};
  if (cell == in_process) return;
  std::size_t at = 0;
  for (std::size_t i = 0; i < std::min(cell.size(), in_process.size()) && cell[i] == in_process[i];
       ++i) {
    if (cell[i] == '\n') at = i + 1;
  }
  throw Violation{
      "", "in a cell " + first_line(cell, at) + ", and in process " + first_line(in_process, at),
      "behave the same everywhere: bh_query.isolation is for logging"};
}

constexpr Case kCases[] = {
    {{"isolation.equal",
      "In process and in a cell the same calls have the same results, errors and files.",
      "bulkhead/abi/core.h"},
     equal},
};

}  // namespace

std::span<const Case> isolation_cases() { return kCases; }

std::string write_answers(const Options& options, Isolation isolation) {
  Subject subject(options);
  try {
    return answers_of(subject, isolation);
  } catch (const Violation& violation) {
    throw Error(Status::internal, violation.seen);
  } catch (const Skip& skip) {
    throw Error(Status::unsupported, skip.why);
  }
}

}  // namespace bulkhead::check
