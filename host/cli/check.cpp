// bulkhead check PATH
#include "host/check/check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "sdk/wire/unique_fd.hpp"
#include "self.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

using check::CaseReport;
using check::Result;
using nlohmann::ordered_json;

constexpr std::size_t kTitle = 24;

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

// "start_ms" 12.3456 to "start 12.3 ms", "bytes" 65536 to "65536 bytes".
std::string figure_text(const std::string& name, double value) {
  std::string number = ordered_json(value).dump();
  if (value == std::floor(value) && std::abs(value) < 1e15)
    number = std::to_string(static_cast<long long>(value));
  else if (const std::size_t dot = number.find('.');
           dot != std::string::npos && dot + 2 < number.size() && number.find('e') == number.npos)
    number.resize(dot + 2);
  const std::size_t unit = name.rfind('_');
  return unit == std::string::npos
             ? number + " " + name
             : name.substr(0, unit) + " " + number + " " + name.substr(unit + 1);
}

std::string figures_text(const CaseReport& one) {
  std::string text;
  for (const auto& [name, value] : one.figures)
    text += (text.empty() ? "" : ", ") + figure_text(name, value);
  return text;
}

std::string summary(const check::Report& report) {
  return std::to_string(report.count(Result::ok)) + " ok, " +
         std::to_string(report.count(Result::failed)) + " failed, " +
         std::to_string(report.count(Result::skipped)) + " skipped";
}

void show_case(Output& output, const CaseReport& one) {
  const Colour colour = one.result == Result::ok       ? Colour::green
                        : one.result == Result::failed ? Colour::red
                                                       : Colour::dim;
  std::string line = "  " + output.paint(colour, padded(check::result_name(one.result), 8));
  if (one.result == Result::ok) {
    std::string figures = figures_text(one);
    if (!one.seen.empty()) figures += (figures.empty() ? "" : "; ") + printable(one.seen);
    output.write(line + (figures.empty() ? one.name : padded(one.name, kTitle) + figures) + "\n");
    return;
  }
  if (one.result == Result::skipped) {
    output.write(line + padded(one.name, kTitle) + printable(one.seen) + "\n");
    return;
  }
  output.write(line + output.paint(Colour::bold, one.name) + "\n");
  output.write("            rule  " + one.explanation + " (" + one.contract + ")\n");
  output.write("            seen  " + printable(one.seen) + "\n");
  output.write("            do    " + printable(one.advice) + "\n");
}

void show(Output& output, const check::Report& report) {
  output.write((report.id.empty() ? "" : report.id + " " + report.version + "  ") +
               printable(report.folder) + "\n");
  std::string group;
  for (const CaseReport& one : report.cases) {
    const std::string its = one.name.substr(0, one.name.find('.'));
    if (its != group) output.write("\n" + output.paint(Colour::bold, its) + "\n");
    group = its;
    show_case(output, one);
  }
  const bool good = report.count(Result::failed) == 0;
  output.write("\n" + output.paint(good ? Colour::green : Colour::red, summary(report)) + "\n");
}

ordered_json document(const check::Report& report) {
  ordered_json document;
  document["id"] = report.id;
  document["version"] = report.version;
  document["folder"] = report.folder;
  for (const Result result : {Result::ok, Result::failed, Result::skipped})
    document[check::result_name(result)] = report.count(result);
  document["cases"] = ordered_json::array();
  for (const CaseReport& one : report.cases) {
    ordered_json item;
    item["name"] = one.name;
    item["result"] = check::result_name(one.result);
    item["explanation"] = one.explanation;
    item["contract"] = one.contract;
    item["seen"] = printable(one.seen);
    item["advice"] = printable(one.advice);
    item["figures"] = ordered_json::object();
    for (const auto& [name, value] : one.figures) item["figures"][name] = value;
    document["cases"].push_back(std::move(item));
  }
  return document;
}

void list_cases(Output& output) {
  const auto cases = check::list_cases();
  if (!output.json()) {
    for (const check::CaseInfo& one : cases)
      output.write(padded(one.name, kTitle) + one.explanation + "\n");
    return;
  }
  ordered_json list = ordered_json::array();
  for (const check::CaseInfo& one : cases)
    list.push_back(
        {{"name", one.name}, {"explanation", one.explanation}, {"contract", one.contract}});
  output.document({{"cases", list}});
}

// What a plugin prints in process goes to standard error: standard output is for the answers.
class StandardOutput {
 public:
  StandardOutput() : kept_(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
  }
  ~StandardOutput() { back(); }
  void back() const {
    std::fflush(stdout);
    dup2(kept_.get(), STDOUT_FILENO);
  }

 private:
  wire::UniqueFd kept_;
};

// The answers of the plugin in process come from a process of their own: it may crash or hang.
std::string answers_in_process(Session& session, const CheckOptions& options,
                               const std::string& folder, const std::string& temporary) {
  std::vector<std::string> words = {"check", folder, "--answers", "in-process"};
  if (!session.options.policy.empty()) {
    words.push_back("--policy");
    words.push_back(session.options.policy);
  }
  for (const std::string& item : options.config) {
    words.push_back("--config");
    words.push_back(item);
  }
  return run_self(words, temporary, session.interrupts);
}

}  // namespace

void check(Session& session, const CheckOptions& options) {
  if (options.list) return list_cases(session.output);
  if (options.path.empty())
    throw usage_failure("which plugin? Example: bulkhead check build/plugins/my_codec");
  check::Options what;
  what.path = options.path;
  what.host.policy_file = session.options.policy;
  what.config = parse_pairs(options.config, "--config");
  what.only = options.only;
  what.stopped = [&] { return session.interrupts.requested(); };
  if (!options.answers.empty()) {
    const Isolation isolation = *parse_isolation(options.answers);
    const StandardOutput aside;
    const std::string answers =
        attempt(session, Doing::loading, [&] { return check::write_answers(what, isolation); });
    aside.back();
    return session.output.write(answers);
  }
  if (session.options.verbose)
    what.progress = [&](const std::string& name) { session.progress.line("bulkhead: " + name); };
  if (options.in_process)
    what.answers_in_process = [&](const std::string& folder, const std::string& temporary) {
      return answers_in_process(session, options, folder, temporary);
    };
  const check::Report report =
      attempt(session, Doing::configuring, [&] { return check::run(what); });
  if (session.output.json())
    session.output.document(document(report));
  else
    show(session.output, report);
  if (const std::size_t failed = report.count(Result::failed); failed > 0)
    throw Failure(Exit::failed, "failed",
                  (report.id.empty() ? report.folder : report.id + " " + report.version) + ": " +
                      std::to_string(failed) + " of " + std::to_string(report.cases.size()) +
                      " cases failed.");
}

}  // namespace bulkhead::cli
