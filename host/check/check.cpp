#include "host/check/check.hpp"

#include <algorithm>

#include "host/check/cases.hpp"
#include "host/check/inputs.hpp"
#include "registry/manifest/words.hpp"

namespace bulkhead::check {
namespace {

std::vector<const Case*> all_cases() {
  std::vector<const Case*> all;
  for (const auto cases :
       {package_cases(), elf_cases(), load_cases(), call_cases(), stop_cases(), growth_cases(),
        codec_cases(), draft_cases(), trainer_cases(), isolation_cases()}) {
    for (const Case& one : cases) all.push_back(&one);
  }
  return all;
}

// "codec" is every case whose name begins with "codec.".
bool named(std::string_view name, const std::string& word) {
  return name == word || name.starts_with(word + ".");
}

void check_names(const std::vector<std::string>& only) {
  std::vector<std::string> names;
  for (const Case* one : all_cases()) names.push_back(one->info.name);
  for (const std::string& word : only) {
    if (std::any_of(names.begin(), names.end(), [&](auto& name) { return named(name, word); }))
      continue;
    throw Error(Status::not_found, "there is no case " + manifest::quoted(word) + "." +
                                       manifest::did_you_mean(word, names) +
                                       " `bulkhead check --list` names all.");
  }
}

CaseReport blank(const Case& one) {
  CaseReport report;
  report.name = one.info.name;
  report.explanation = one.info.explanation;
  report.contract = one.info.contract;
  return report;
}

// A violation found by one case may be of another one's rule: that one has failed then, and this
// one could not be finished.
class Runner {
 public:
  Runner(const Options& options, Report& report)
      : options_(options), report_(report), subject_(options) {
    report_.folder = subject_.folder();
    if (subject_.manifest_problem().empty()) {
      report_.id = subject_.manifest().id;
      report_.version = subject_.manifest().version.text();
    }
  }

  void run() {
    for (const Case* one : all_cases()) {
      const bool wanted =
          options_.only.empty() ||
          std::any_of(options_.only.begin(), options_.only.end(),
                      [&](const std::string& word) { return named(one->info.name, word); });
      if (wanted && applies(*one)) run(*one);
    }
    // In the order of the list, those that were found on the way included.
    for (const Case* one : all_cases()) {
      const auto found = reports_.find(one->info.name);
      if (found != reports_.end()) report_.cases.push_back(std::move(found->second));
    }
  }

 private:
  // Without a manifest nothing is known but that.
  bool applies(const Case& one) const {
    if (!subject_.manifest_problem().empty())
      return one.info.name == std::string_view("manifest.valid");
    return one.interface == nullptr || subject_.offers(one.interface);
  }

  void run(const Case& one) {
    if (options_.stopped && options_.stopped()) throw Error(Status::cancelled, "interrupted");
    if (options_.progress) options_.progress(one.info.name);
    CaseReport report = blank(one);
    Notes notes;
    subject_.begin_case();
    try {
      one.run(subject_, notes);
      report.seen = notes.seen;
    } catch (const Violation& violation) {
      if (violation.rule.empty() || violation.rule == one.info.name) {
        fail(report, violation);
      } else {
        fail(find(violation.rule), violation);
        report.result = Result::skipped;
        report.seen = "stopped by " + violation.rule;
      }
    } catch (const Skip& skip) {
      report.result = Result::skipped;
      report.seen = skip.why;
    }
    report.figures = std::move(notes.figures);
    reports_.try_emplace(one.info.name, report);  // a failure that is there already stays
  }

  static void fail(CaseReport& report, const Violation& violation) {
    if (report.result == Result::failed) return;
    report.result = Result::failed;
    report.seen = violation.seen;
    report.advice = violation.advice;
  }

  CaseReport& find(const std::string& rule) {
    for (const Case* one : all_cases()) {
      if (rule == one->info.name) return reports_.try_emplace(rule, blank(*one)).first->second;
    }
    throw Error(Status::internal, "a case found a violation of the unknown rule " + rule);
  }

  const Options& options_;
  Report& report_;
  Subject subject_;
  std::map<std::string, CaseReport> reports_;
};

}  // namespace

const char* result_name(Result result) {
  return result == Result::ok ? "ok" : result == Result::failed ? "failed" : "skipped";
}

std::size_t Report::count(Result result) const {
  return static_cast<std::size_t>(
      std::count_if(cases.begin(), cases.end(), [&](auto& one) { return one.result == result; }));
}

std::vector<CaseInfo> list_cases() {
  std::vector<CaseInfo> list;
  for (const Case* one : all_cases()) list.push_back(one->info);
  return list;
}

Report run(const Options& options) {
  check_names(options.only);
  Report report;
  Runner(options, report).run();
  return report;
}

}  // namespace bulkhead::check
