// call.deadline, call.cancel: a call that is stopped comes back, and its cell lives on.
#include <thread>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

constexpr std::size_t kLongText = std::size_t{3} << 20;
constexpr int kAttempts = 3;  // on a busy machine a plugin may come too late once

// The calls that take longest of those that can be made up: stopping one that ends at once says
// nothing, and breaks no rule either.
std::vector<PlannedCall> long_calls(Subject& subject) {
  std::vector<PlannedCall> calls = planned_calls(subject);
  std::erase_if(calls, [](const PlannedCall& call) { return !repeatable(call); });
  if (!subject.offers(BH_CODEC_1)) return calls;
  calls.clear();
  for (const PlannedCall& one : planned_calls(subject)) {
    if (one.interface != BH_CODEC_1 || one.method != "encode") continue;
    const std::string text = one.params.value("text", "");
    if (text.empty()) continue;
    std::string long_text;
    while (long_text.size() + text.size() <= kLongText) long_text += text;
    for (const char* method : {"encode", "tokenize", "count"})
      calls.push_back({BH_CODEC_1, method, {{"text", long_text}}, {}, {}});
    calls.push_back({BH_CODEC_1, "encode_batch", {{"texts", {long_text, long_text}}}, {}, {}});
    return calls;  // one text is enough
  }
  return calls;
}

// Run::call throws for a call that goes on until its cell is ended.
template <class Stop>
Answer insist(Subject& subject, Run& run, const char* rule, Stop&& stop) {
  for (int attempt = 1;; ++attempt) {
    try {
      return stop();
    } catch (const Violation& violation) {
      if (violation.rule != rule || attempt == kAttempts) throw;
    }
    run.call(planned_calls(subject).back());  // brings a new cell up, in its own time
  }
}

template <class Stop>
void stop_each(Subject& subject, Notes& notes, Status expected, const char* rule, Stop&& stop) {
  const std::vector<PlannedCall> calls = long_calls(subject);
  if (calls.empty()) throw Skip{"no planned call is long enough to be stopped"};
  Run run(subject);
  double stopped = 0, done = 0;
  for (const PlannedCall& call : calls) {
    for (const auto after : {std::chrono::milliseconds(1), std::chrono::milliseconds(30)}) {
      if (!subject.time_left()) break;
      const Answer answer = insist(subject, run, rule, [&] { return stop(run, call, after); });
      (answer.status == expected ? stopped : done) += 1;
      if (answer.ok() || answer.status == expected || answer.status == Status::unsupported)
        continue;
      throw Violation{rule,
                      call_text(call.method, call.params) + " was stopped, and ended with " +
                          status_name(answer.status) + ": " + answer.text,
                      "return what should_stop gives; call.check() throws it"};
    }
  }
  notes.figures = {{"stopped", stopped}, {"done_before", done}};
}

void deadline(Subject& subject, Notes& notes) {
  stop_each(subject, notes, Status::deadline_exceeded, "call.deadline",
            [](Run& run, const PlannedCall& call, std::chrono::milliseconds after) {
              CallOptions options;
              options.timeout = after;
              return run.call(call, options);
            });
}

void cancel(Subject& subject, Notes& notes) {
  stop_each(subject, notes, Status::cancelled, "call.cancel",
            [](Run& run, const PlannedCall& call, std::chrono::milliseconds after) {
              CancelSource source;
              CallOptions options;
              options.cancel = &source;
              std::jthread canceller([&source, after] {
                std::this_thread::sleep_for(after);
                source.cancel();
              });
              return run.call(call, options);
            });
}

constexpr const char* kCall = "bulkhead/abi/call.h";

constexpr Case kCases[] = {
    {{"call.deadline", "A call whose time is up comes back within limits.grace of the policy.",
      kCall},
     deadline},
    {{"call.cancel", "A call that is cancelled comes back within limits.grace of the policy.",
      kCall},
     cancel},
};

}  // namespace

std::span<const Case> stop_cases() { return kCases; }

}  // namespace bulkhead::check
