// Conformance of a plugin: does a package keep what the contract (sdk/include/bulkhead/abi) and the
// pages for authors ask of it? A list of cases, each about one rule. The plugin runs in cells only,
// so whatever it does is a finding, never our end.
#pragma once

#include <bulkhead/host.hpp>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::check {

enum class Result { ok, failed, skipped };
const char* result_name(Result result);  // "ok", "failed", "skipped"

// What became of one case.
struct CaseReport {
  std::string name;         // "codec.round_trip"
  std::string explanation;  // the rule, one sentence
  std::string contract;     // where it stands: "bulkhead/abi/codec.h"
  Result result = Result::ok;
  std::string seen;    // failed: what was seen; skipped: why it was not tried
  std::string advice;  // failed: what to do
  std::vector<std::pair<std::string, double>> figures;  // "start_ms"; units stand in the name
};

struct Report {
  std::string id, version;  // empty where the manifest can't be read
  std::string folder;       // of the package
  std::vector<CaseReport> cases;

  std::size_t count(Result result) const;
};

struct Options {
  // The folder of the package, or one that holds one package.
  std::string path;
  // Policy and environment. Its log, folders, name and control socket are not used.
  HostOptions host;
  std::map<std::string, std::string> config;  // of every instance; text, as on a command line
  // Names of cases, or groups ("codec"); empty: all. What another case stands for is reported all
  // the same where it is what stops these.
  std::vector<std::string> only;
  // Runs the plugin in process, and gives the answers that write_answers() makes there, as text;
  // what it leaves belongs into the folder `temporary`.
  // Empty: "isolation.equal" is skipped. It may take as long as it likes; throws Error.
  std::function<std::string(const std::string& folder, const std::string& temporary)>
      answers_in_process;
  // Called before each case, with its name.
  std::function<void(const std::string& name)> progress;
  // Asked between calls; true ends the run with Status::cancelled.
  std::function<bool()> stopped;
};

struct CaseInfo {
  const char* name;
  const char* explanation;
  const char* contract;
};
std::vector<CaseInfo> list_cases();

// Throws Error: not_found (`path` is no folder, holds no package or several; a name of `only` that
// is no case), cancelled, and what a policy that can't be read gives.
Report run(const Options& options);

// The answers to the planned calls, one instance after another, in one isolation: the same text for
// the same plugin wherever it runs. Throws Error.
std::string write_answers(const Options& options, Isolation isolation);

}  // namespace bulkhead::check
