// bulkhead info PLUGIN[@RANGE]
#include <algorithm>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "host/runtime/package.hpp"
#include "installation.hpp"
#include "permissions.hpp"
#include "registry/manifest/manifest.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

ordered_json config_document(const manifest::ConfigKey& key) {
  ordered_json document;
  document["name"] = key.name;
  document["type"] = key.type;
  document["description"] = key.description;
  document["required"] = !key.fallback;
  if (key.fallback)
    std::visit([&](const auto& value) { document["default"] = value; }, *key.fallback);
  if (key.minimum) document["minimum"] = *key.minimum;
  if (key.maximum) document["maximum"] = *key.maximum;
  if (!key.choices.empty()) document["choices"] = key.choices;
  return document;
}

ordered_json manifest_document(const manifest::Manifest& manifest) {
  ordered_json document;
  document["id"] = manifest.id;
  document["version"] = manifest.version.text();
  document["kind"] = manifest.kind;
  document["description"] = manifest.description;
  document["license"] = manifest.license;
  document["authors"] = manifest.authors;
  document["interfaces"] = manifest.interfaces;
  document["runtime"] = manifest.runtime;
  document["entry"] = manifest.entry;
  if (!manifest.interpreter.empty()) document["interpreter"] = manifest.interpreter;
  document["host"] = manifest.host ? ordered_json(manifest.host->text()) : ordered_json();
  document["dependencies"] = ordered_json::array();
  for (const manifest::Dependency& dependency : manifest.dependencies)
    document["dependencies"].push_back({{"id", dependency.id}, {"range", dependency.range.text()}});
  document["permissions"] = ordered_json::object();
  if (manifest.permissions.memory_bytes)
    document["permissions"]["memory_bytes"] = *manifest.permissions.memory_bytes;
  if (manifest.permissions.threads)
    document["permissions"]["threads"] = *manifest.permissions.threads;
  add_permissions(document["permissions"], manifest.permissions);
  document["config"] = ordered_json::array();
  for (const manifest::ConfigKey& key : manifest.config)
    document["config"].push_back(config_document(key));
  return document;
}

ordered_json codec_document(const CodecInfo& codec) {
  ordered_json document;
  document["name"] = codec.name;
  document["languages"] = codec.languages;
  document["vocabulary"] = codec.vocabulary;
  document["max_id"] = codec.max_id;
  document["max_token_bytes"] = codec.max_token_bytes;
  document["special"] = ordered_json::array();
  for (const SpecialToken& token : codec.special)
    document["special"].push_back({{"text", token.text}, {"id", token.id}});
  return document;
}

// Loads the plugin: what only a running plugin can say.
void add_loaded(Session& session, Host& host, const InfoOptions& options, ordered_json& document) {
  const Opened opened = open_plugin(session, host, options.plugin);
  const Level level = opened.plugin.level();
  document["isolation"] = isolation_name(opened.plugin.isolation());
  document["package_hash"] = opened.plugin.package_hash();
  document["level"] = level.number;
  document["enforced"] = level.enforced;
  document["missing"] = level.missing;
  const auto& interfaces = opened.plugin.info().interfaces;
  if (std::find(interfaces.begin(), interfaces.end(), BH_CODEC_1) == interfaces.end()) return;
  CallOptions call;
  call.timeout = parse_timeout(options.plugin.timeout);
  call.cancel = &session.interrupts.cancel();
  document["codec"] = codec_document(
      attempt(session, Doing::calling, [&] { return CodecClient(opened.instance).info(call); }));
}

std::string words(const ordered_json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : ", ") + words(item);
  return text.empty() ? "-" : text;
}

void show(Output& output, const ordered_json& document) {
  std::string text;
  const auto line = [&](const std::string& title, const std::string& value) {
    if (value.empty() || value == "-") return;
    text += output.paint(Colour::dim,
                         title + std::string(title.size() < 14 ? 14 - title.size() : 1, ' ')) +
            printable(value) + "\n";
  };
  text += output.paint(Colour::bold,
                       printable(words(document["id"]) + " " + words(document["version"]))) +
          "  " + printable(words(document["description"])) + "\n";
  for (const char* key : {"kind", "license", "authors", "interfaces", "folder", "entry", "host"})
    line(key, words(document[key]));
  for (const auto& dependency : document["dependencies"])
    line("needs", words(dependency["id"]) + " " + words(dependency["range"]));
  const ordered_json& asked = document["permissions"];
  if (asked.contains("memory_bytes"))
    line("asks for", "memory " + manifest::bytes_text(asked["memory_bytes"].get<std::uint64_t>()));
  if (asked.contains("threads")) line("asks for", words(asked["threads"]) + " threads");
  for (const auto& [title, text] : permission_lines(asked, document["grants"])) line(title, text);
  line("package", words(document["package_hash"]));
  line("isolation", words(document["isolation"]) + " (" + words(document["decided_by"]) + ")");
  line("level", words(document["level"]));
  for (const auto& enforced : document["enforced"]) line("enforced", words(enforced));
  for (const auto& missing : document["missing"]) line("missing", words(missing));
  for (const auto& key : document["config"]) {
    std::string facts = words(key["name"]) + ": " + words(key["type"]);
    if (key.contains("choices")) facts += " (" + words(key["choices"]) + ")";
    facts += key.contains("default") ? ", default " + words(key["default"]) : ", required";
    line("config",
         facts + (words(key["description"]).empty() ? "" : "; " + words(key["description"])));
  }
  if (const auto codec = document.find("codec"); codec != document.end()) {
    line("codec", words((*codec)["name"]) + ", languages " + words((*codec)["languages"]));
    line("vocabulary", words((*codec)["vocabulary"]) + " ids, largest " +
                           words((*codec)["max_id"]) + ", longest token " +
                           words((*codec)["max_token_bytes"]) + " bytes");
    for (const auto& token : (*codec)["special"])
      line("special", words(token["text"]) + " = " + words(token["id"]));
  }
  output.write(text);
}

}  // namespace

void info(Session& session, const InfoOptions& options) {
  const auto [id, range] = split_plugin(options.plugin.plugin);
  Host host = session.open_host();
  const PluginInfo found =
      find_plugin(attempt(session, Doing::opening_host, [&] { return host.list(); }), id, range);
  const policy::Policy policy = read_policy(session.options);
  policy::Decision decision = policy.decide(found.id);

  ordered_json document;
  try {
    const auto manifest = manifest::Manifest::read(found.folder);
    document = manifest_document(manifest);
    for (const std::string& warning : policy::settle_grants(manifest, decision.grants)) {
      if (!options.load) session.progress.line("bulkhead: warning: " + printable(warning));
    }
    document["grants"] = grants_document(decision.grants);
  } catch (const manifest::FileError& error) {
    throw Failure(Exit::bad_input, "data_invalid", error.what());
  }
  const auto asked = parse_isolation(options.plugin.isolation);
  const bool exec = document["runtime"] == "exec";  // always in a cell
  const Isolation isolation =
      exec ? Isolation::cell : asked.value_or(decided_isolation(policy, found));
  document["folder"] = found.folder;
  document["decided_by"] = exec ? "runtime.type" : asked ? "--isolation" : decision.reason;
  document["isolation"] = isolation_name(isolation);
  document["package_hash"] = attempt(
      session, Doing::loading, [&] { return host::hexadecimal(host::hash_package(found.folder)); });
  if (options.load) {
    InfoOptions exact = options;
    exact.plugin.plugin = found.id + "@" + found.version;
    add_loaded(session, host, exact, document);
  } else {
    const Level level = isolation == Isolation::cell
                            ? attempt(session, Doing::loading, [&] { return host.probe_level(); })
                            : Level{};
    document["level"] = level.number;
    document["enforced"] = level.enforced;
    document["missing"] = level.missing;
  }
  if (session.output.json()) return session.output.document(document);
  show(session.output, document);
}

}  // namespace bulkhead::cli
