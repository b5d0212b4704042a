// start.*, abi.*, open.*: from the package to instances that answer.
#include <algorithm>
#include <chrono>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"

namespace bulkhead::check {
namespace {

constexpr std::size_t kInstances = 32;

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

// Loads; a Violation carries the rule that is broken, which need not be the case's own.
void loads(Subject& subject, Notes&) { const Run run(subject); }

void library_loads(Subject& subject, Notes& notes) {
  subject.needs_library();
  loads(subject, notes);
}

void time(Subject& subject, Notes& notes) {
  const auto begin = std::chrono::steady_clock::now();
  const Run run(subject);
  const double start = milliseconds_since(begin);
  const double limit = static_cast<double>(subject.limits().start_timeout) / 1e6;
  notes.figures = {{"start_ms", start}, {"limit_ms", limit}};
  if (start > limit)
    throw Violation{"", "the start took " + std::to_string(start) + " ms",
                    "do less in constructors and open(), or ask users for a longer "
                    "limits.start_timeout"};
}

// Every interface of the manifest has a whole table, and no other has one.
void interfaces(Subject& subject, Notes&) {
  Run run(subject);
  for (const wire::InterfaceInfo& known : wire::interfaces()) {
    const wire::MethodInfo* method = nullptr;
    for (const wire::MethodInfo& one : known.methods()) {
      if (method == nullptr && harmless(known, one.name)) method = &one;
    }
    if (method == nullptr) continue;
    if (subject.offers(known.name)) {
      run.call(known.name, method->name, json::object());
      continue;
    }
    try {
      if (!run.call(known.name, method->name, json::object()).ok()) continue;
    } catch (const Violation& violation) {
      if (violation.rule == "abi.interfaces") continue;  // not offered: as it should be
      throw;
    }
    throw Violation{"",
                    std::string("it answers for ") + known.name + ", which is not in plugin.toml",
                    "add it to interfaces.offers, or give NULL for it in get_interface"};
  }
}

// Values of one key that its schema allows: the edges.
std::vector<ConfigValue> edges(const manifest::ConfigKey& key) {
  if (key.type == "boolean") return {true, false};
  std::vector<ConfigValue> values;
  if (key.type == "integer") {
    for (const auto& edge : {key.minimum, key.maximum}) {
      if (edge) values.emplace_back(static_cast<std::int64_t>(*edge));
    }
    if (!key.minimum) values.emplace_back(std::int64_t{-1'000'000'007});
    if (!key.maximum) values.emplace_back(std::int64_t{1'000'000'007});
  } else if (key.type == "number") {
    for (const auto& edge : {key.minimum, key.maximum}) {
      if (edge) values.emplace_back(*edge);
    }
    if (!key.minimum) values.emplace_back(-1e300);
    if (!key.maximum) values.emplace_back(1e300);
  } else if (key.choices.empty()) {
    values = {std::string(), std::string(10000, 'x'), std::string("\n\t../\"'\\ %s")};
  } else {
    values.assign(key.choices.begin(), key.choices.end());
  }
  return values;
}

std::string value_text(const ConfigValue& value) {
  std::string text = std::visit([](const auto& one) { return json(one).dump(); }, value);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

void any_config(Subject& subject, Notes& notes) {
  if (subject.manifest().config.empty()) throw Skip{"the plugin has no configuration"};
  Run run(subject);
  double opened = 0, refused = 0;
  for (const manifest::ConfigKey& key : subject.manifest().config) {
    for (const ConfigValue& value : edges(key)) {
      if (!subject.time_left()) break;
      Config config = subject.config();
      config[key.name] = value;
      const std::string what = "open with " + key.name + " = " + value_text(value);
      try {
        static_cast<void>(run.plugin().open(config));
        ++opened;
      } catch (const Error& error) {
        ++refused;
        const Status status = error.status();
        if (status == Status::plugin_crashed || status == Status::deadline_exceeded ||
            status == Status::protocol_error || status == Status::internal)
          throw Violation{"", what + ": " + error.what(),
                          "check each value in open(), and refuse it with BH_INVALID_ARGUMENT"};
        const std::string_view words = error.what();
        if (words.ends_with("no reason given") || words.find("gave no reason") != words.npos)
          throw Violation{"", what + " is refused without a word",
                          "say why through bh_call.fn->fail (or throw PluginError)"};
      }
    }
  }
  notes.figures = {{"opened", opened}, {"refused", refused}};
}

void many(Subject& subject, Notes& notes) {
  const auto& plan = planned_calls(subject);
  Run run(subject);
  std::vector<Instance> instances;
  while (instances.size() < kInstances) instances.push_back(run.open());
  notes.figures = {{"instances", static_cast<double>(instances.size() + 1)}};
  std::optional<json> first;
  for (const Instance& instance : instances) {
    run.use(instance);
    for (const PlannedCall& call : plan) {
      if (call.write.empty() && call.read.empty() && !subject.time_left()) return;
      const Answer answer = run.call(call);
      if (!answer.ok())
        throw Violation{
            "",
            call_text(call.method, call.params) + " fails in one of many instances: " + answer.text,
            "keep state in the instance, not in globals"};
      break;
    }
  }
}

void quiet(Subject& subject, Notes& notes) {
  const auto& plan = planned_calls(subject);
  Run run(subject);
  std::size_t calls = 0, rounds = 0;
  const std::size_t before = run.log_lines();
  for (; rounds < 8 && subject.time_left(); ++rounds) {
    for (const PlannedCall& call : plan) {
      run.must(call);
      ++calls;
    }
  }
  const std::size_t lines = run.log_lines() - before;
  notes.figures = {{"calls", static_cast<double>(calls)}, {"lines", static_cast<double>(lines)}};
  if (lines >= rounds && calls > 0)
    throw Violation{"",
                    std::to_string(calls) + " calls that succeed left " + std::to_string(lines) +
                        " lines in the log, standard output and error included",
                    "log at debug level, and print nothing"};
}

constexpr const char* kCore = "bulkhead/abi/core.h";

constexpr Case kCases[] = {
    {{"start.loads", "The plugin starts in a cell.", "docs/growth.md"}, loads},
    {{"start.time", "It is ready within limits.start_timeout of the policy.", "docs/policy.md"},
     time},
    {{"abi.entry", "The library exports bulkhead_query.", kCore}, library_loads},
    {{"abi.descriptor", "The descriptor is whole, and has the id and version of the manifest.",
      kCore},
     library_loads},
    {{"abi.version", "Host and plugin share a version of the ABI, and the sanitizers.", kCore},
     library_loads},
    {{"abi.services", "It requires no service that the host lacks.", "bulkhead/abi/services.h"},
     library_loads},
    {{"abi.interfaces",
      "Every interface of the manifest has a whole table; no other interface has one.", kCore},
     interfaces},
    {{"open.defaults", "An instance opens with the defaults of the manifest.", kCore}, loads},
    {{"open.config",
      "Every configuration that the manifest allows opens, or is refused with a reason.", kCore},
     any_config},
    {{"open.many", "Many instances live side by side, and each answers.", kCore}, many},
    {{"log.quiet", "Calls that succeed don't fill the log.", "bulkhead/abi/call.h"}, quiet},
};

}  // namespace

std::span<const Case> load_cases() { return kCases; }

}  // namespace bulkhead::check
