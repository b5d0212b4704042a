// call.leak, close.*: what calls and instances leave behind in the process of the cell.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <thread>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

constexpr int kWindows = 4;          // the first one warms up
constexpr double kGrowthKiB = 96;    // of one window: what is less may be the allocator's
constexpr int kRoundsOfCalls = 100;  // of all planned calls, in a window
constexpr int kInstances = 150;      // opened and closed in a window
constexpr int kFewInstances = 5;     // so few that what they leave fits into the limits of a cell
constexpr auto kWindowTime = std::chrono::seconds(3);

// What /proc says of a process. Where it can't be read, nothing.
struct Usage {
  double private_kib = 0;  // RssAnon
  double threads = 0;
  std::optional<double> descriptors;  // needs the right to look at the process
};

std::optional<Usage> usage_of(int process) {
  const std::string folder = "/proc/" + std::to_string(process);
  std::ifstream status(folder + "/status");
  Usage usage;
  bool found = false;
  const auto number = [](const std::string& line) {
    const std::size_t at = line.find_first_of("0123456789");
    double value = 0;
    if (at != std::string::npos)
      std::from_chars(line.data() + at, line.data() + line.size(), value);
    return value;
  };
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) usage.private_kib = number(line), found = true;
    if (line.starts_with("Threads:")) usage.threads = number(line);
  }
  if (!found) return std::nullopt;
  std::error_code error;
  std::filesystem::directory_iterator at(folder + "/fd", error), end;
  double count = 0;
  for (; !error && at != end; at.increment(error)) ++count;
  if (!error) usage.descriptors = count;
  return usage;
}

Usage look(const Run& run) {
  if (const auto usage = usage_of(run.process())) return *usage;
  throw Skip{"/proc does not show the process of the cell"};
}

// Does `work` often, in windows, and looks at the process after each. A leak grows in every window;
// a cache or an allocator settles.
template <class Work>
std::vector<Usage> watch(Subject& subject, Run& run, int rounds, Work&& work) {
  std::vector<Usage> seen;
  for (int window = 0; window < kWindows; ++window) {
    const auto end = std::chrono::steady_clock::now() + kWindowTime;
    for (int i = 0; i < rounds && std::chrono::steady_clock::now() < end; ++i) {
      if (!subject.time_left()) throw Skip{"the plugin is too slow to be watched for long enough"};
      work();
    }
    seen.push_back(look(run));
  }
  return seen;
}

template <class Figure>
bool grows(const std::vector<Usage>& seen, double by, Figure&& figure) {
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (figure(seen[i]) < figure(seen[i - 1]) + by) return false;
  }
  return true;
}

void note(Notes& notes, const std::vector<Usage>& seen) {
  notes.figures = {{"grown_KiB", seen.back().private_kib - seen.front().private_kib},
                   {"resident_KiB", seen.back().private_kib},
                   {"threads", seen.back().threads}};
}

std::string path_text(const std::vector<Usage>& seen) {
  std::string text;
  for (const Usage& usage : seen)
    text += (text.empty() ? "" : ", ") + std::to_string(static_cast<long>(usage.private_kib));
  return text + " KiB of private memory";
}

void leak(Subject& subject, Notes& notes) {
  const auto& plan = planned_calls(subject);
  Run run(subject);
  const auto seen = watch(subject, run, kRoundsOfCalls, [&] {
    for (const PlannedCall& call : plan) {
      if (repeatable(call)) run.must(call);
    }
  });
  note(notes, seen);
  if (grows(seen, kGrowthKiB, [](const Usage& usage) { return usage.private_kib; }))
    throw Violation{"", "the same calls again and again need more and more: " + path_text(seen),
                    "free at the end of a call what it made; results from bh_call.fn->allocate are "
                    "freed by the host. A leak checker finds the place"};
}

void cycles(Subject& subject, Notes& notes) {
  Run run(subject);
  const auto seen = watch(subject, run, kInstances, [&] { static_cast<void>(run.open()); });
  note(notes, seen);
  if (grows(seen, kGrowthKiB, [](const Usage& usage) { return usage.private_kib; }))
    throw Violation{"",
                    "opening and closing again and again needs more and more: " + path_text(seen),
                    "close() frees all that open() made"};
}

void threads(Subject& subject, Notes& notes) {
  Run run(subject);
  const auto seen = watch(subject, run, kFewInstances, [&] { static_cast<void>(run.open()); });
  notes.figures = {{"threads", seen.back().threads}};
  if (grows(seen, 1, [](const Usage& usage) { return usage.threads; }))
    throw Violation{"",
                    "instances that were closed leave threads: " +
                        std::to_string(static_cast<int>(seen.back().threads)) + " run now",
                    "join in close() what open() started"};
}

void descriptors(Subject& subject, Notes& notes) {
  Run run(subject);
  if (!look(run).descriptors) throw Skip{"only root sees the descriptors of a cell"};
  const auto seen = watch(subject, run, kFewInstances, [&] { static_cast<void>(run.open()); });
  notes.figures = {{"descriptors", seen.back().descriptors.value_or(0)}};
  if (grows(seen, 1, [](const Usage& usage) { return usage.descriptors.value_or(0); }))
    throw Violation{"",
                    "instances that were closed leave descriptors: " +
                        std::to_string(static_cast<int>(*seen.back().descriptors)) +
                        " are open now",
                    "close in close() what open() opened"};
}

constexpr const char* kCore = "bulkhead/abi/core.h";

constexpr Case kCases[] = {
    {{"call.leak", "The same calls again and again don't need more and more memory.",
      "bulkhead/abi/call.h"},
     leak},
    {{"close.memory", "close() frees the memory that open() took.", kCore}, cycles},
    {{"close.threads", "close() ends the threads that open() started.", kCore}, threads},
    {{"close.descriptors", "close() closes the descriptors that open() opened.", kCore},
     descriptors},
};

}  // namespace

std::span<const Case> growth_cases() { return kCases; }

}  // namespace bulkhead::check
