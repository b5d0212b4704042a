// bulkhead doctor: what this machine offers, what a cell would get here, what is broken.
#include <algorithm>
#include <optional>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "installation.hpp"
#include "machine.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

ordered_json finding_document(const Finding& finding) {
  return {{"available", finding.available}, {"detail", finding.detail}};
}

ordered_json machine_document(const Machine& machine) {
  ordered_json document;
  document["kernel"] = machine.kernel;
  document["architecture"] = machine.architecture;
  document["container"] =
      machine.container.empty() ? ordered_json() : ordered_json(machine.container);
  document["user_namespaces"] = finding_document(machine.user_namespaces);
  document["landlock"] = finding_document(machine.landlock);
  document["landlock"]["abi"] = machine.landlock_abi;
  document["seccomp"] = finding_document(machine.seccomp);
  document["cgroup"] = finding_document(machine.cgroup_delegation);
  document["cgroup"]["version"] = machine.cgroup_version;
  document["cgroup"]["path"] = machine.cgroup;
  document["cgroup"]["controllers"] = machine.cgroup_controllers;
  return document;
}

// What a host with these options finds, or why there is none. A broken policy or launcher is what
// doctor is asked about, so it is an answer here and no failure. What could not be looked at is
// nullopt: it is unknown, and not zero or empty.
struct HostReport {
  PolicyFact policy;
  std::optional<std::vector<std::string>> folders;
  std::optional<std::vector<PluginInfo>> plugins;
  std::optional<Level> level;
  std::vector<std::string> problems;
};

HostReport look_at_host(Session& session) {
  HostReport report;
  report.policy = look_at_policy(session.options);
  if (!report.policy.problem.empty()) {  // no host can be opened with it
    report.problems.push_back(report.policy.problem);
    return report;
  }
  try {
    const Host host = session.open_host();
    report.folders = host.plugin_folders();
    report.plugins = attempt(session, Doing::opening_host, [&] { return host.list(); });
    report.level = attempt(session, Doing::loading, [&] { return host.probe_level(); });
  } catch (const Failure& failure) {
    if (failure.exit() == Exit::interrupted) throw;
    report.problems.emplace_back(failure.what());
  }
  return report;
}

ordered_json report_document(const HostReport& report, const Machine& machine) {
  ordered_json document;
  document["version"] = host_version();
  document["level"] = report.level ? ordered_json(report.level->number) : ordered_json();
  document["enforced"] = report.level ? ordered_json(report.level->enforced) : ordered_json();
  document["missing"] = report.level ? ordered_json(report.level->missing) : ordered_json();
  document["machine"] = machine_document(machine);
  document["policy_file"] =
      report.policy.file.empty() ? ordered_json() : ordered_json(report.policy.file);
  document["policy_problem"] =
      report.policy.problem.empty() ? ordered_json() : ordered_json(report.policy.problem);
  document["plugin_folders"] = report.folders ? ordered_json(*report.folders) : ordered_json();
  for (const char* key : {"plugins", "broken_plugins"})
    document[key] = report.plugins ? ordered_json::array() : ordered_json();
  for (const PluginInfo& info : report.plugins.value_or(std::vector<PluginInfo>{})) {
    if (info.error.empty())
      document["plugins"].push_back({{"id", info.id}, {"version", info.version}});
    else
      document["broken_plugins"].push_back({{"folder", info.folder}, {"error", info.error}});
  }
  document["problems"] = report.problems;
  return document;
}

// The page for a person: marks, titles, facts.
class Page {
 public:
  explicit Page(Output& output) : output_(output) {}

  void heading(const std::string& text) {
    text_ += (text_.empty() ? "" : "\n") + output_.paint(Colour::bold, text) + "\n";
  }
  void fact(const std::string& title, const std::string& value) {
    add(Colour::plain, "  ", title, value);
  }
  void check(bool good, const std::string& title, const std::string& value) {
    if (good)
      add(Colour::green, "ok", title, value);
    else
      add(Colour::yellow, "--", title, value);
  }
  void problem(const std::string& title, const std::string& text) {
    add(Colour::red, "!!", title, text);
  }
  void print() { output_.write(text_); }

 private:
  void add(Colour colour, const char* mark, const std::string& title, const std::string& value) {
    constexpr std::size_t kTitle = 17;
    std::string head = title;
    if (!title.empty()) head.resize(std::max(kTitle, title.size() + 1), ' ');
    text_ += output_.paint(colour, mark) + " " + head + printable(value) + "\n";
  }

  Output& output_;
  std::string text_;
};

void show_installation(Page& page, const HostReport& report) {
  page.heading("Installation");
  const PolicyFact& policy = report.policy;
  const std::string file = policy.file.empty() ? "none, defaults hold" : policy.file;
  if (policy.file_broken)
    page.problem("policy file", file + ": broken, so no host can be opened");
  else if (!policy.problem.empty())
    page.problem("policy file", file + "; a variable that lies over it is wrong");
  else
    page.fact("policy file", file);
  if (!report.folders) page.fact("plugin folders", "not known");
  for (const std::string& folder : report.folders.value_or(std::vector<std::string>{}))
    page.fact("plugin folder", folder);
  if (!report.plugins) return page.fact("plugins", "not looked for");
  std::size_t usable = 0;
  for (const PluginInfo& info : *report.plugins) usable += info.error.empty() ? 1 : 0;
  page.fact("plugins", std::to_string(usable) + " usable, " +
                           std::to_string(report.plugins->size() - usable) + " broken");
  for (const PluginInfo& info : *report.plugins)
    if (!info.error.empty()) page.problem("", broken_text(info));
}

void show(Output& output, const HostReport& report, const Machine& machine) {
  Page page(output);
  if (!report.problems.empty()) page.heading("What is wrong");
  for (const std::string& problem : report.problems) page.problem("", problem);
  page.heading("This machine");
  page.fact("bulkhead", host_version());
  page.fact("kernel", machine.kernel + " on " + machine.architecture);
  page.fact("container", machine.container.empty() ? "none found" : machine.container);
  page.check(machine.seccomp.available, "seccomp", machine.seccomp.detail);
  page.check(machine.landlock.available, "landlock", machine.landlock.detail);
  page.check(machine.user_namespaces.available, "user namespaces", machine.user_namespaces.detail);
  page.check(
      machine.cgroup_delegation.available, "cgroups",
      "v" + std::to_string(machine.cgroup_version) + "; " + machine.cgroup_delegation.detail);

  if (report.level) {
    page.heading("A cell here gets level " + std::to_string(report.level->number));
    for (const std::string& item : report.level->enforced) page.check(true, "enforced", item);
    for (const std::string& item : report.level->missing) page.check(false, "missing", item);
  } else {
    page.heading("The level of a cell here is not known: none could be started");
  }
  show_installation(page, report);
  page.print();
}

}  // namespace

void doctor(Session& session) {
  const Machine machine = Machine::look();
  const HostReport report = look_at_host(session);
  if (session.output.json()) return session.output.document(report_document(report, machine));
  show(session.output, report, machine);
}

}  // namespace bulkhead::cli
