#include "installation.hpp"

#include <cstdlib>

#include "failure.hpp"
#include "output.hpp"
#include "registry/manifest/manifest.hpp"

namespace bulkhead::cli {

namespace {

const char* variable(const char* name) { return std::getenv(name); }

// Of the variables, those that say which file is the policy.
const char* variable_of_place(const char* name) {
  const std::string_view place = name;
  return place == "BULKHEAD_POLICY" || place == "XDG_CONFIG_HOME" || place == "HOME"
             ? std::getenv(name)
             : nullptr;
}

}  // namespace

policy::Policy read_policy(const GlobalOptions& options) {
  try {
    return policy::Policy::load(options.policy, variable);
  } catch (const manifest::FileError& error) {
    throw Failure(Exit::bad_input, "data_invalid", error.what());
  }
}

PolicyFact look_at_policy(const GlobalOptions& options) {
  PolicyFact fact;
  try {
    fact.file = policy::Policy::load(options.policy, variable_of_place).file;
  } catch (const manifest::FileError& error) {
    fact.file = error.file();
    fact.file_broken = true;
    fact.problem = error.what();
    return fact;
  }
  try {
    fact.folders = policy::Policy::load(options.policy, variable).plugin_folders;
  } catch (const manifest::FileError& error) {
    fact.problem = error.what();
  }
  return fact;
}

Isolation decided_isolation(const policy::Policy& policy, const PluginInfo& plugin) {
  if (policy.decide(plugin.id).mode == policy::Mode::cell) return Isolation::cell;
  try {
    const auto manifest = manifest::Manifest::read(plugin.folder);
    return manifest.runtime == "exec" ? Isolation::cell : Isolation::in_process;
  } catch (const manifest::FileError&) {
    return Isolation::in_process;  // a broken one, which nobody loads
  }
}

PluginInfo find_plugin(const std::vector<PluginInfo>& plugins, const std::string& id,
                       const std::string& range_text) {
  const auto range = manifest::Range::parse(range_text);
  if (!range)
    throw usage_failure("\"" + range_text +
                        "\" is no range of versions. Examples: 1.2.0, ^1.2, >=1.0 <2.0.");
  const PluginInfo* best = nullptr;
  std::optional<manifest::Version> best_version;
  std::vector<std::string> ids, versions;
  std::string broken;
  for (const PluginInfo& info : plugins) {
    ids.push_back(info.id);
    if (info.id != id) continue;
    if (!info.error.empty()) {
      broken = info.error;
      continue;
    }
    versions.push_back(info.version);
    const auto version = manifest::Version::parse(info.version);
    if (!version || !range->contains(*version)) continue;
    if (best != nullptr && !(*best_version < *version)) continue;
    best = &info;
    best_version = version;
  }
  if (best != nullptr) return *best;
  if (!versions.empty())
    throw Failure(Exit::not_found, "not_found",
                  "no version of " + id + " is in the range " + range_text + ". There " +
                      (versions.size() == 1 ? "is " : "are ") + manifest::listed(versions) + ".");
  if (!broken.empty())
    throw Failure(Exit::bad_input, "data_invalid", "plugin " + id + " can't be used: " + broken);
  const std::string hint = manifest::did_you_mean(id, ids);
  throw Failure(Exit::not_found, "not_found",
                "there is no plugin " + manifest::quoted(id) + (hint.empty() ? "." : hint) +
                    " `bulkhead list` shows all, `bulkhead doctor` where they are looked for.");
}

std::string broken_text(const PluginInfo& info) {
  const bool placed = info.error.find(info.folder) != std::string::npos;
  return printable(placed ? info.error : info.folder + ": " + info.error);
}

}  // namespace bulkhead::cli
