#include "session.hpp"

#include <filesystem>

#include "failure.hpp"
#include "host/services/granted_files.hpp"
#include "registry/manifest/manifest.hpp"

namespace bulkhead::cli {
namespace {

const char* level_word(std::uint32_t level) {
  switch (level) {
    case BH_LOG_DEBUG:
      return "debug";
    case BH_LOG_INFO:
      return "info";
    case BH_LOG_WARN:
      return "warning";
    default:
      return "error";
  }
}

}  // namespace

void check_folders(const GlobalOptions& options) {
  for (const std::string& folder : options.plugin_folders) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) continue;
    throw usage_failure("--plugins \"" + printable(folder) + "\" is " +
                        (std::filesystem::exists(folder, error) ? "no folder." : "not there.") +
                        " It takes a folder that holds plugins, as <id>/<version>/plugin.toml.");
  }
}

Host Session::open_host() {
  HostOptions host;
  host.policy_file = options.policy;
  host.plugin_folders = options.plugin_folders;
  host.name = "bulkhead";
  host.log = [this](const LogRecord& record) {
    if (!options.verbose && record.level < BH_LOG_WARN) return;
    std::string line = std::string("bulkhead: ") + level_word(record.level) + ": ";
    if (!record.plugin.empty()) line += printable(record.plugin) + ": ";
    progress.line(line + printable(record.text));
  };
  return attempt(*this, Doing::opening_host, [&] { return Host(std::move(host)); });
}

std::pair<std::string, std::string> split_plugin(const std::string& plugin) {
  const std::size_t at = plugin.find('@');
  if (at == std::string::npos) return {plugin, "*"};
  if (at + 1 == plugin.size())
    throw usage_failure("\"" + plugin +
                        "\" has no version range after the '@'. Example: " + plugin + "^1.0");
  return {plugin.substr(0, at), plugin.substr(at + 1)};
}

std::optional<Isolation> parse_isolation(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == isolation_name(Isolation::cell)) return Isolation::cell;
  if (text == isolation_name(Isolation::in_process)) return Isolation::in_process;
  throw usage_failure("\"" + text + "\" is no isolation. Use \"cell\" or \"in-process\".");
}

std::map<std::string, std::string> parse_pairs(const std::vector<std::string>& items,
                                               const char* option) {
  std::map<std::string, std::string> pairs;
  for (const std::string& item : items) {
    const std::size_t equals = item.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw usage_failure(std::string(option) + " \"" + item + "\" is not of the form NAME=VALUE.");
    const auto [at, added] = pairs.emplace(item.substr(0, equals), item.substr(equals + 1));
    if (!added) throw usage_failure(std::string(option) + " gives \"" + at->first + "\" twice.");
  }
  return pairs;
}

std::string timeout_problem(const std::string& text) {
  const std::optional<std::int64_t> value = manifest::parse_duration(text);
  if (value && *value > 0 && *value <= kLongestTimeout.count()) return "";
  // A number that 64 bits can't hold, or only in a smaller unit, is a duration all the same.
  const std::size_t unit = text.find_first_not_of("0123456789");
  const bool too_long = value ? *value > 0
                              : unit != 0 && unit != std::string::npos &&
                                    manifest::parse_duration("1" + text.substr(unit));
  return too_long
             ? "is too long; a call has at most " + manifest::duration_text(kLongestTimeout.count())
             : "is no duration; examples: 250ms, 5s, 2min, 1h";
}

std::chrono::nanoseconds parse_timeout(const std::string& text) {
  if (text.empty()) return std::chrono::nanoseconds{0};
  if (const std::string problem = timeout_problem(text); !problem.empty())
    throw usage_failure("--timeout \"" + text + "\" " + problem + ".");
  return std::chrono::nanoseconds{*manifest::parse_duration(text)};
}

OpenOptions lent_files(const std::vector<std::string>& read,
                       const std::vector<std::string>& write) {
  OpenOptions open;
  const auto lend = [&](const std::vector<std::string>& items, const char* option,
                        FileAccess access) {
    for (const auto& [name, file] : parse_pairs(items, option)) {
      if (const std::string problem = host::FileGrants::problem(name, file); !problem.empty()) {
        throw usage_failure(std::string(option) + ": " + problem +
                            (problem.ends_with('.') ? "" : "."));
      }
      open.files[name] = {file, access};
    }
  };
  lend(read, "--read", FileAccess::read);
  lend(write, "--write", FileAccess::write);
  return open;
}

Opened open_plugin(Session& session, Host& host, const PluginOptions& options,
                   const OpenOptions& open) {
  const auto [id, range] = split_plugin(options.plugin);
  LoadOptions load;
  load.version = range;
  load.isolation = parse_isolation(options.isolation);
  load.development = options.develop;
  load.wait_for_debugger = options.wait_for_debugger;
  load.start_timeout = parse_timeout(options.timeout);
  Config config;
  for (auto& [key, value] : parse_pairs(options.config, "--config")) config[key] = value;
  Plugin plugin =
      attempt(session, Doing::loading, [&, &name = id] { return host.load(name, load); });
  Instance instance =
      attempt(session, Doing::configuring, [&] { return plugin.open(config, open); });
  return {std::move(plugin), std::move(instance)};
}

std::string only_interface(const PluginInfo& info) {
  if (info.interfaces.size() == 1) return info.interfaces.front();
  if (info.interfaces.empty())
    throw Failure(Exit::not_found, "not_found", info.id + " offers no interface to call.");
  std::string names;
  for (const std::string& name : info.interfaces) names += "\n  --interface " + name;
  throw usage_failure(info.id + " offers several interfaces. Say which one:" + names);
}

}  // namespace bulkhead::cli
