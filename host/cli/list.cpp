// bulkhead list
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "installation.hpp"
#include "session.hpp"

namespace bulkhead::cli {

using nlohmann::ordered_json;

void list(Session& session) {
  const Host host = session.open_host();
  const std::vector<PluginInfo> plugins =
      attempt(session, Doing::opening_host, [&] { return host.list(); });
  const policy::Policy policy = read_policy(session.options);
  Output& output = session.output;

  if (output.json()) {
    ordered_json document;
    document["plugins"] = ordered_json::array();
    for (const PluginInfo& info : plugins) {
      ordered_json item;
      item["id"] = info.id;
      item["version"] = info.version;
      item["kind"] = info.kind;
      item["description"] = info.description;
      item["isolation"] = isolation_name(decided_isolation(policy, info));
      item["folder"] = info.folder;
      item["error"] = info.error.empty() ? ordered_json() : ordered_json(info.error);
      document["plugins"].push_back(std::move(item));
    }
    return output.document(document);
  }

  Table table({"PLUGIN", "VERSION", "KIND", "ISOLATION", "DESCRIPTION"});
  for (const PluginInfo& info : plugins) {
    if (!info.error.empty()) continue;
    table.add({info.id, info.version, info.kind, isolation_name(decided_isolation(policy, info)),
               info.description});
  }
  if (!table.empty()) table.print(output);
  for (const PluginInfo& info : plugins)
    if (!info.error.empty())
      session.progress.line("bulkhead: warning: a plugin can't be used: " + broken_text(info));
  if (plugins.empty())
    session.progress.line(
        "bulkhead: no plugin found; `bulkhead doctor` shows where they are "
        "looked for.");
}

}  // namespace bulkhead::cli
