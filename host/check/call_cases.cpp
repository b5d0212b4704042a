// call.*: what every method of every interface owes its caller.
#include <bulkhead/abi/draft/events.h>
#include <bulkhead/abi/draft/state.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

constexpr unsigned kSeed = 20240229;
constexpr int kRandomCalls = 60;  // of each method
constexpr std::size_t kHuge = std::size_t{2} << 20;
constexpr int kThreads = 4;

void answers(Subject& subject, Notes& notes) {
  const auto& plan = planned_calls(subject);
  Run run(subject);
  for (const PlannedCall& call : plan) {
    try {
      run.must(call);
    } catch (const Skip& skip) {
      subject.must_have_time();
      throw Violation{"", skip.why, "leave the call out of check/check.toml, or answer it"};
    }
  }
  notes.figures = {{"calls", static_cast<double>(plan.size())}};
}

// Time enough to answer; what is long because the numbers are huge is stopped, and obeys.
CallOptions soon() {
  CallOptions options;
  options.timeout = std::chrono::seconds(5);
  return options;
}

void survives(Subject& subject, Notes& notes) {
  Run run(subject);
  double calls = 0;
  for (const wire::InterfaceInfo* interface : known_interfaces(subject)) {
    std::mt19937_64 random(kSeed);
    for (const wire::MethodInfo& method : interface->methods()) {
      if (!harmless(*interface, method.name)) continue;
      run.call(interface->name, method.name, json::object(), soon());
      for (int i = 0; i < kRandomCalls && subject.time_left(); ++i, ++calls)
        run.call(interface->name, method.name, random_params(method.params, random), soon());
    }
  }
  notes.figures = {{"calls", calls}};
}

void call_with_much(Subject& subject) {
  Run run(subject);
  const std::string text(kHuge, 'x');
  if (subject.offers(BH_CODEC_1)) {
    json ids = json::array();
    for (std::uint32_t i = 0; i < kHuge / 16; ++i) ids.push_back(i % 128);
    for (const char* method : {"encode", "tokenize", "count"})
      run.call(BH_CODEC_1, method, {{"text", text}}, soon());
    run.call(BH_CODEC_1, "encode_batch", {{"texts", json(std::vector<std::string>(20000, "ab"))}},
             soon());
    run.call(BH_CODEC_1, "decode", {{"ids", ids}}, soon());
    return;
  }
  for (const wire::InterfaceInfo* interface : known_interfaces(subject)) {
    for (const wire::MethodInfo& method : interface->methods()) {
      if (!harmless(*interface, method.name)) continue;
      json params = json::object();
      for (const auto field : method.params.getFields()) {
        const auto type = field.getType();
        if (type.isText() || type.isData()) params[field.getProto().getName().cStr()] = text;
        if (type.isList() && type.asList().getElementType().isText())
          params[field.getProto().getName().cStr()] =
              std::vector<std::string>(2000, "no-such-name");
      }
      run.call(interface->name, method.name, params, soon());
    }
  }
}

void huge(Subject& subject, Notes&) {
  try {
    call_with_much(subject);
  } catch (Violation& violation) {
    if (violation.rule == "call.survives") violation.rule = "";
    throw;
  }
}

// Random calls that are refused say why; so do some that every plugin refuses.
void error_text(Subject& subject, Notes& notes) {
  const auto calls = refused_calls(subject);
  if (calls.empty()) throw Skip{"no call is known that the plugin must refuse"};
  Run run(subject);
  for (const PlannedCall& call : calls) {
    const Answer answer = run.call(call);
    const std::string what = call_text(call.method, call.params);
    if (answer.ok())
      throw Violation{"", what + " succeeds, though it can't", "refuse what makes no sense"};
    if (answer.text.find("gave no reason") != std::string::npos)
      throw Violation{"", what + " ends with " + status_name(answer.status) + " and without a word",
                      "say why through bh_call.fn->fail (or throw PluginError)"};
    // The host escapes what is no line of UTF-8; these calls have nothing of that kind in them.
    if (answer.text.find("\\x") != std::string::npos)
      throw Violation{"", what + " is refused with words that are no line of UTF-8: " + answer.text,
                      "give one line of UTF-8, without control characters"};
    if (answer.text.size() < 10 || answer.text.find(' ') == std::string::npos)
      throw Violation{"", what + " is refused with '" + answer.text + "'",
                      "say what was tried, why it failed and what to do"};
  }
  notes.figures = {{"errors", static_cast<double>(calls.size())}};
}

[[noreturn]] void differs(const PlannedCall& call, const std::string& when, const json& a,
                          const json& b, const char* advice) {
  throw Violation{"",
                  call_text(call.method, call.params) + " gives " + call_text("", a) + ", and " +
                      when + " " + call_text("", b),
                  advice};
}

void determinism(Subject& subject, Notes& notes) {
  const auto& plan = planned_calls(subject);
  Run one(subject), other(subject);
  double compared = 0;
  for (const PlannedCall& call : plan) {
    if (!repeatable(call)) continue;
    const json first = one.must(call), again = one.must(call), elsewhere = other.must(call);
    constexpr const char* kAdvice =
        "a result depends on the configuration and the params alone: no clock, no address, no seed "
        "of the machine";
    if (first != again) differs(call, "the second time", first, again, kAdvice);
    if (first != elsewhere) differs(call, "in another cell", first, elsewhere, kAdvice);
    ++compared;
  }
  notes.figures = {{"calls", compared}};
}

// Calls that share nothing: methods of the interfaces whose functions are [any-thread], without
// files that one of them writes.
std::vector<PlannedCall> side_by_side(Subject& subject) {
  std::vector<PlannedCall> calls;
  for (const PlannedCall& call : planned_calls(subject)) {
    const bool one_at_a_time =
        call.interface == BH_STATE_1 || (call.interface == BH_EVENTS_1 && call.method == "handle");
    if (repeatable(call) && call.write.empty() && !one_at_a_time) calls.push_back(call);
  }
  return calls;
}

void threads(Subject& subject, Notes& notes) {
  Run run(subject);
  std::vector<PlannedCall> plan;
  std::vector<json> expected;
  for (const PlannedCall& call : side_by_side(subject)) {
    json result = run.must(call);
    if (result != run.must(call)) continue;  // call.determinism speaks of it
    plan.push_back(call);
    expected.push_back(std::move(result));
  }
  if (plan.empty()) throw Skip{"no planned call may run beside another"};
  std::mutex mutex;
  std::optional<Violation> found;
  std::optional<std::string> skipped;
  std::atomic<std::size_t> done{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < kThreads; ++worker) {
    workers.emplace_back([&, worker] {
      try {
        for (int round = 0; round < 10 && subject.time_left(); ++round) {
          for (std::size_t i = 0; i < plan.size(); ++i) {
            const std::size_t at = (i + static_cast<std::size_t>(worker) * 3) % plan.size();
            const json got = run.must(plan[at].interface, plan[at].method, plan[at].params);
            if (got != expected[at])
              differs(plan[at], "beside other calls", expected[at], got,
                      "functions are [any-thread]: lock what calls share, or share nothing");
            ++done;
          }
        }
      } catch (const Violation& violation) {
        const std::lock_guard lock(mutex);
        if (!found) found = violation;
      } catch (const Skip& skip) {
        const std::lock_guard lock(mutex);
        skipped = skip.why;
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        skipped = error.what();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  if (found && found->rule == "call.answers") {
    found->rule = "";
    found->advice = "functions are [any-thread]: lock what calls share, or share nothing";
  }
  if (found) throw *found;
  if (skipped) throw Skip{*skipped};
  notes.figures = {{"threads", kThreads}, {"calls", static_cast<double>(done)}};
}

constexpr const char* kCall = "bulkhead/abi/call.h";
constexpr const char* kCore = "bulkhead/abi/core.h";

constexpr Case kCases[] = {
    {{"call.answers", "Valid calls succeed, in time.", "the header of the interface"}, answers},
    {{"call.survives", "No input ends the plugin: empty ones, random ones, edges.",
      "docs/authors.md"},
     survives},
    {{"call.huge", "Huge inputs are answered or refused.", "docs/authors.md"}, huge},
    {{"call.ownership",
      "Results are memory of the call, with sizes and offsets that fit; the host checks each.",
      kCall},
     answers},
    {{"call.status", "Functions return a status that the headers name.", kCore}, survives},
    {{"call.exceptions", "No C++ exception leaves a function of a table.", kCore}, survives},
    {{"call.error_text", "An error has words: one line of UTF-8 that says what was wrong.", kCall},
     error_text},
    {{"call.determinism", "The same call has the same result, again and in another cell.",
      "docs/authors.md"},
     determinism},
    {{"call.threads", "Calls side by side have the results that they have one by one.", kCore},
     threads},
};

}  // namespace

std::span<const Case> call_cases() { return kCases; }

}  // namespace bulkhead::check
