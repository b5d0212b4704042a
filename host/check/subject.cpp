#include "host/check/subject.hpp"

#include <algorithm>
#include <filesystem>

#include "host/runtime/package.hpp"
#include "registry/manifest/words.hpp"
#include "sandbox/cell/elf_check.hpp"

namespace bulkhead::check {
namespace {

namespace fs = std::filesystem;

constexpr auto kCaseTime = std::chrono::seconds(60);
constexpr auto kCallTime = std::chrono::seconds(20);
constexpr std::size_t kShownParams = 120;

host::Package find_package(const std::string& path) {
  std::error_code error;
  const fs::path folder = fs::canonical(path, error);
  if (error || !fs::is_directory(folder, error)) {
    throw Error(Status::not_found, "\"" + path + "\" is no folder of a plugin.");
  }
  const auto packages = host::find_packages({folder.string()});
  if (packages.size() == 1) return packages.front();
  throw Error(
      Status::not_found,
      packages.empty()
          ? path + " holds no plugin: there is no plugin.toml in it, nor in <id>/<version>/."
          : path + " holds " + std::to_string(packages.size()) +
                " plugins: name the folder of one, such as " + packages.front().folder + ".");
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Which rule a plugin breaks that can't be loaded. The tests hold these words.
std::string rule_of_load(const Error& error, const Subject& subject) {
  const std::string_view words = error.what();
  if (subject.manifest().runtime == "library") {
    if (const auto problem = cell::check_library(subject.entry(), subject.folder()))
      return problem->status == BH_NOT_FOUND ? "package.files" : "elf.library";
  }
  if (has(words, "cannot open shared object file")) return "elf.needed";
  if (has(words, ": version `") && has(words, "' not found")) return "elf.floor";
  if (has(words, "it does not export bulkhead_query")) return "abi.entry";
  if (has(words, "bulkhead_query returned") || has(words, "the descriptor is too short") ||
      has(words, "they do not belong together"))
    return "abi.descriptor";
  if (error.status() == Status::version_mismatch) return "abi.version";
  if (has(words, " offers the interface ")) return "abi.interfaces";
  if (has(words, "it requires the host service")) return "abi.services";
  if (has(words, "the package's file ") || has(words, "the package's data file ") ||
      has(words, "its entry ") || has(words, "its executable "))
    return "package.files";
  return "start.loads";
}

std::string advice_of_load(const std::string& rule) {
  if (rule == "abi.entry")
    return "end the source with BULKHEAD_PLUGIN(...) or BH_DEFINE_PLUGIN(...), and export that "
           "symbol";
  if (rule == "abi.descriptor")
    return "let BULKHEAD_PLUGIN or BH_DESCRIPTOR_PREFIX fill in the descriptor; its id and version "
           "are those of plugin.toml (bulkhead_add_plugin passes them on)";
  if (rule == "abi.version") return "build it against this version of Bulkhead, without sanitizers";
  if (rule == "abi.interfaces")
    return "interfaces.offers of plugin.toml and the list in the descriptor must name the same "
           "interfaces";
  if (rule == "abi.services")
    return "list a service that a host may lack in services_optional, and do without it";
  if (rule == "elf.needed") return "link it statically, or put it into the package: docs/growth.md";
  if (rule == "elf.floor") return "build it on Debian 12 or older";
  if (rule == "package.files") return "make the entry of plugin.toml a readable, regular file";
  return "do nothing in constructors of the library; what it may need is in docs/growth.md, what a "
         "cell refuses in docs/sandbox.md";
}

// The rule that an error breaks whatever the case is about, or nothing. `ended`: the cell did.
std::optional<Violation> judge(Status status, const std::string& words, const std::string& what,
                               bool ended) {
  if (status == Status::deadline_exceeded && ended)
    return Violation{"call.deadline",
                     what + " went on after its time was up, and its cell was ended: " + words,
                     "ask call.check() (bh_call.fn->should_stop) about every millisecond of work"};
  if (status == Status::cancelled && ended)
    return Violation{"call.cancel",
                     what + " went on after it was cancelled, and its cell was ended: " + words,
                     "ask call.check() (bh_call.fn->should_stop) about every millisecond of work"};
  if (status == Status::plugin_crashed)
    return Violation{"call.survives", what + " ended the plugin: " + words,
                     "run that call under a debugger or a sanitizer: docs/authors.md, Debugging"};
  if (status == Status::protocol_error)
    return Violation{"call.ownership", what + ": " + words,
                     "fill result structs with memory of bh_call.fn->allocate only, and with sizes "
                     "and offsets that fit it; the author classes do both"};
  if (status == Status::internal && has(words, "returned the unknown status"))
    return Violation{"call.status", what + ": " + words,
                     "return BH_INTERNAL for what has no value"};
  if (status == Status::internal && has(words, "let a C++ exception escape"))
    return Violation{"call.exceptions", what + ": " + words,
                     "catch all exceptions in the functions of a table; the author classes do"};
  if (status == Status::unsupported &&
      (has(words, "the plugin does not offer ") || has(words, " can't be used: ")))
    return Violation{"abi.interfaces", words,
                     "get_interface must give a whole table for every interface of the manifest; "
                     "only `submit` may be NULL in it"};
  return std::nullopt;
}

// The words of the plugin itself: the host puts "en_gpt2 1.0.0: encode: " before them.
std::string own_words(std::string_view text, const std::string& label, const std::string& method) {
  for (const std::string& prefix : {label + ": ", method + ": "}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return std::string(text);
}

}  // namespace

std::string call_text(const std::string& method, const json& params) {
  std::string text = params.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kShownParams) {
    std::size_t end = kShownParams;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end) + "...";
  }
  return method + "(" + text + ")";
}

Subject::Subject(const Options& options) : options_(options) {
  const host::Package package = find_package(options.path);
  folder_ = package.folder;
  manifest_ = package.manifest;
  manifest_problem_ = package.error;
  begin_case();
  if (!manifest_) return;
  try {
    decision_ = policy::Policy::load(options.host.policy_file, [&](const char* name) {
                  return options.host.read_environment ? std::getenv(name) : nullptr;
                }).decide(manifest_->id);
  } catch (const manifest::FileError& error) {
    throw Error(Status::data_invalid, error.what());
  }
  fill_config();
}

void Subject::fill_config() {
  std::map<std::string, manifest::Value> values;
  for (const auto& [key, value] : options_.config) {
    config_[key] = value;
    values[key] = value;
  }
  for (const manifest::ConfigKey& key : manifest_->config) {
    if (key.fallback || config_.contains(key.name)) continue;
    const double low = key.minimum.value_or(std::min(0.0, key.maximum.value_or(0.0)));
    if (key.type == "boolean") {
      config_[key.name] = false;
    } else if (key.type == "integer") {
      config_[key.name] = static_cast<std::int64_t>(low);
    } else if (key.type == "number") {
      config_[key.name] = low;
    } else {
      config_[key.name] = key.choices.empty() ? std::string() : key.choices.front();
    }
  }
  for (const auto& [key, value] : config_) values[key] = value;
  try {
    manifest::check_config(*manifest_, values);
  } catch (const std::invalid_argument& error) {
    throw Error(Status::invalid_argument, error.what());
  }
}

const manifest::Manifest& Subject::manifest() const {
  if (!manifest_) throw Skip{"the manifest can't be read: see manifest.valid"};
  return *manifest_;
}

bool Subject::offers(std::string_view interface) const {
  const auto& all = manifest().interfaces;
  return std::find(all.begin(), all.end(), interface) != all.end();
}

void Subject::needs_library() const {
  if (manifest().runtime != "library") throw Skip{"the plugin is an executable"};
}

void Subject::begin_case() { deadline_ = std::chrono::steady_clock::now() + kCaseTime; }

bool Subject::time_left() const {
  return std::chrono::steady_clock::now() + kCallTime < deadline_ &&
         !(options_.stopped && options_.stopped());
}

void Subject::must_have_time() const {
  if (options_.stopped && options_.stopped()) throw Error(Status::cancelled, "interrupted");
  if (std::chrono::steady_clock::now() > deadline_)
    throw Skip{"not finished after 60 s: the plugin is slow, or the machine is busy"};
}

Run::Run(Subject& subject, Isolation isolation)
    : subject_(subject), lines_(std::make_shared<std::atomic<std::size_t>>(0)) {
  const manifest::Manifest& manifest = subject.manifest();
  subject.must_have_time();
  if (subject.load_problem) throw *subject.load_problem;
  HostOptions options;
  options.policy_file = subject.options().host.policy_file;
  options.read_environment = subject.options().host.read_environment;
  options.plugin_folders = {subject.folder()};
  options.control_socket = false;
  options.log = [lines = lines_](const LogRecord& record) {
    if (!record.plugin.empty() && record.level >= BH_LOG_INFO) ++*lines;
  };
  host_.emplace(std::move(options));
  LoadOptions load;
  load.version = "=" + manifest.version.text();
  load.isolation = isolation;
  try {
    plugin_ = host_->load(manifest.id, load);
  } catch (const Error& error) {
    // Not the plugin's doing: the machine, or the policy.
    if (error.status() == Status::permission_denied || error.status() == Status::unavailable) throw;
    const std::string rule = rule_of_load(error, subject);
    subject.load_problem = Violation{rule, error.what(), advice_of_load(rule)};
    throw *subject.load_problem;
  }
  try {
    instance_ = open();
  } catch (const Violation& violation) {
    subject.load_problem = violation;
    throw;
  }
}

Instance Run::open() {
  subject_.must_have_time();
  try {
    return plugin_->open(subject_.config());
  } catch (const Error& error) {
    std::string keys;
    for (const manifest::ConfigKey& key : subject_.manifest().config) {
      if (!key.fallback && key.type == "string" && key.choices.empty()) keys += " " + key.name;
    }
    if (instance_)
      throw Violation{
          "open.many", std::string("one more instance can't be opened: ") + error.what(),
          "keep nothing that only one instance can have, and free in close() what it had"};
    throw Violation{"open.defaults", error.what(),
                    keys.empty()
                        ? "open() must succeed with the defaults of plugin.toml"
                        : "give values for what has no default, --config KEY=VALUE:" + keys};
  }
}

Answer Run::call(const std::string& interface, const std::string& method, const json& params,
                 CallOptions options) {
  subject_.must_have_time();
  const bool stopped = options.timeout.count() != 0 || options.cancel != nullptr;
  if (options.timeout.count() == 0) {
    options.timeout = std::min<std::chrono::nanoseconds>(
        kCallTime, std::chrono::nanoseconds(subject_.limits().call_timeout));
  }
  const int before = process();
  try {
    Answer answer;
    answer.result = json::parse(instance_->call_json(
        interface, method, params.dump(-1, ' ', false, json::error_handler_t::replace), options));
    return answer;
  } catch (const Error& error) {
    const std::string label = plugin_->info().id + " " + plugin_->info().version;
    const std::string words = own_words(error.what(), label, method);
    const std::string what = call_text(method, params);
    if (auto violation = judge(error.status(), words, what, process() != before)) throw *violation;
    if (error.status() == Status::deadline_exceeded && !stopped) {
      throw Violation{"call.answers",
                      what + " was not done after " +
                          std::to_string(options.timeout.count() / 1'000'000'000) + " s",
                      "answer small inputs quickly"};
    }
    return {error.status(), nullptr, words};
  }
}

Answer Run::call(const PlannedCall& call, CallOptions options) {
  for (const auto& [name, path] : call.read) instance_->grant_file(name, path, FileAccess::read);
  for (const std::string& name : call.write) {
    instance_->grant_file(name, written(name), FileAccess::write);
  }
  return this->call(call.interface, call.method, call.params, std::move(options));
}

std::string Run::written(const std::string& name) const {
  std::string file = "written-";
  for (const char c : name) file += c == '/' ? '_' : c;
  return subject_.scratch().path(file);
}

json Run::must(const std::string& interface, const std::string& method, const json& params) {
  return must(PlannedCall{interface, method, params, {}, {}});
}

json Run::must(const PlannedCall& call) {
  Answer answer = this->call(call);
  if (answer.ok()) return std::move(answer.result);
  if (answer.status == Status::unsupported)
    throw Skip{call.method + " is unsupported: " + answer.text};
  throw Violation{"call.answers",
                  call_text(call.method, call.params) + " ended with " +
                      status_name(answer.status) + ": " + answer.text,
                  "this call is valid: answer it with BH_OK"};
}

}  // namespace bulkhead::check
