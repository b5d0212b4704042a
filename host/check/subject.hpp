// The plugin under test, as the cases see it: its package, runs of it in cells of their own, and
// what each unexpected answer says about the contract.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <nlohmann/json.hpp>

#include "host/check/check.hpp"
#include "host/check/scratch.hpp"
#include "host/policy/policy.hpp"
#include "registry/manifest/manifest.hpp"

namespace bulkhead::check {

using nlohmann::json;

// A rule of the contract is broken. Thrown; `rule` is empty for the rule of the case that runs.
struct Violation {
  std::string rule, seen, advice;
};
// The case can't say anything here, and why.
struct Skip {
  std::string why;
};

struct Answer {
  Status status = Status::ok;
  json result;       // of Status::ok
  std::string text;  // the words of an error, without the plugin's and the method's name
  bool ok() const { return status == Status::ok; }
};

// One call: what to ask, and the files that the instance is lent for it.
struct PlannedCall {
  std::string interface, method;
  json params = json::object();
  std::vector<std::pair<std::string, std::string>> read;  // name, path
  std::vector<std::string> write;                         // names; the paths are temporary files
};
// "encode({...})", shortened: how messages name a call.
std::string call_text(const std::string& method, const json& params);

class Subject;

// A host of its own with one instance of the plugin, as a rule in a cell.
class Run {
 public:
  // Throws Violation, with the rule that stops it, and Skip where the case's time is over.
  explicit Run(Subject& subject, Isolation isolation = Isolation::cell);

  // Throws Violation for what no caller should ever see: a crash, a protocol error, a deadline that
  // was ignored, a status that does not exist, an exception.
  Answer call(const std::string& interface, const std::string& method, const json& params,
              CallOptions options = {});
  Answer call(const PlannedCall& call, CallOptions options = {});
  // The same, where only BH_OK will do: else Violation of "call.answers". What the plugin does not
  // do at all is a Skip.
  json must(const std::string& interface, const std::string& method, const json& params);
  json must(const PlannedCall& call);

  Instance open();
  Instance& instance() { return *instance_; }
  // Calls go to this one from now on.
  void use(Instance instance) { instance_ = std::move(instance); }
  Plugin& plugin() { return *plugin_; }
  int process() const { return plugin_->process(); }
  std::size_t log_lines() const { return *lines_; }
  // Where the file that a call wrote under this name lies.
  std::string written(const std::string& name) const;

 private:
  Subject& subject_;
  std::shared_ptr<std::atomic<std::size_t>> lines_;
  std::optional<Host> host_;
  std::optional<Plugin> plugin_;
  std::optional<Instance> instance_;
};

class Subject {
 public:
  explicit Subject(const Options& options);

  const Options& options() const { return options_; }
  const std::string& folder() const { return folder_; }
  // Throws Skip where it can't be read; manifest.valid says why.
  const manifest::Manifest& manifest() const;
  const std::string& manifest_problem() const { return manifest_problem_; }
  const policy::Limits& limits() const { return decision_.limits; }
  bool offers(std::string_view interface) const;
  // Throws Skip unless it is a library.
  void needs_library() const;
  std::string entry() const { return folder_ + "/" + manifest().entry; }
  const Scratch& scratch() const { return scratch_; }

  // The time of a case. Loops end early where little of it is left; a call after it throws Skip.
  void begin_case();
  bool time_left() const;
  void must_have_time() const;

  // Values for the configuration keys that have no default.
  const Config& config() const { return config_; }
  // The first reason why the plugin can't run; every later run ends with it at once.
  std::optional<Violation> load_problem;
  // Of planned_calls(), made once.
  std::optional<std::vector<PlannedCall>> plan;

 private:
  void fill_config();

  const Options& options_;
  std::string folder_;
  std::optional<manifest::Manifest> manifest_;
  std::string manifest_problem_;
  policy::Decision decision_;
  Config config_;
  Scratch scratch_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace bulkhead::check
