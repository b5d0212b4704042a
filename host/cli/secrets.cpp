// bulkhead secrets set | list | rm
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "hidden_input.hpp"
#include "host/secrets/secret_store.hpp"
#include "installation.hpp"
#include "registry/manifest/manifest.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

host::SecretStore store() {
  return host::SecretStore([](const char* name) { return std::getenv(name); });
}

std::string utc_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  char text[32];
  if (gmtime_r(&time, &utc) == nullptr) return "-";
  return std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0 ? "-" : text;
}

std::string full_stop(const char* sentence) {
  const std::string text = sentence;
  return text.ends_with('.') ? text : text + ".";
}

// The exit code says what a script can do about it.
template <class Work>
auto with_store(Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    Exit exit = Exit::failed;
    if (error.status() == Status::invalid_argument) exit = Exit::usage;
    if (error.status() == Status::not_found) exit = Exit::not_found;
    if (error.status() == Status::data_invalid) exit = Exit::bad_input;
    if (error.status() == Status::permission_denied) exit = Exit::denied;
    throw Failure(exit, status_name(error.status()), full_stop(error.what()));
  }
}

// For each secret the plugins that the policy grants it to: "en_gpt2 1.0.0".
std::map<std::string, std::vector<std::string>> granted(Session& session) {
  std::map<std::string, std::vector<std::string>> plugins;
  const Host host = session.open_host();
  const policy::Policy policy = read_policy(session.options);
  for (const PluginInfo& info :
       attempt(session, Doing::opening_host, [&] { return host.list(); })) {
    if (!info.error.empty()) continue;
    policy::Grants grants = policy.decide(info.id).grants;
    try {
      policy::settle_grants(manifest::Manifest::read(info.folder), grants);
    } catch (const manifest::FileError&) {
      continue;  // it broke since it was listed
    }
    for (const auto& secret : grants.secrets)
      plugins[secret.name].push_back(info.id + " " + info.version);
  }
  return plugins;
}

}  // namespace

void secrets_set(Session& session, const SecretsOptions& options) {
  std::vector<manifest::Origin> origins;
  for (const std::string& text : options.origins) {
    const auto origin = manifest::Origin::parse(text);
    if (!origin)
      throw usage_failure("--origin " + manifest::quoted(text) + " is not " +
                          manifest::kOriginRule + ".");
    origins.push_back(*origin);
  }
  const std::string prompt = "Value of " + printable(options.name) + " (not shown): ";
  const auto value = read_secret(prompt.c_str(), host::SecretStore::kMostBytes, session.interrupts);
  with_store([&] { store().set(options.name, value, origins); });
  if (session.output.json()) session.output.document({{"name", options.name}});
}

void secrets_list(Session& session) {
  const auto secrets = with_store([] { return store().list(); });
  const auto plugins = granted(session);
  const auto used_by = [&](const std::string& name) {
    const auto at = plugins.find(name);
    return at == plugins.end() ? std::vector<std::string>{} : at->second;
  };
  if (session.output.json()) {
    ordered_json document;
    document["secrets"] = ordered_json::array();
    for (const auto& secret : secrets) {
      ordered_json item;
      item["name"] = secret.name;
      item["created"] =
          secret.problem.empty() ? ordered_json(utc_text(secret.created)) : ordered_json();
      item["origins"] = ordered_json::array();
      for (const auto& origin : secret.origins) item["origins"].push_back(origin.text());
      item["plugins"] = used_by(secret.name);
      item["problem"] = secret.problem.empty() ? ordered_json() : ordered_json(secret.problem);
      document["secrets"].push_back(std::move(item));
    }
    return session.output.document(document);
  }
  Table table({"SECRET", "CREATED", "GRANTED TO", "MAY BE SENT TO"});
  for (const auto& secret : secrets) {
    if (!secret.problem.empty()) {
      session.progress.line("bulkhead: warning: " + printable(secret.problem));
      continue;
    }
    std::vector<std::string> origins;
    for (const auto& origin : secret.origins) origins.push_back(origin.text());
    table.add({secret.name, utc_text(secret.created), manifest::listed(used_by(secret.name)),
               origins.empty() ? "nowhere: it only signs" : manifest::listed(origins)});
  }
  if (!table.empty()) table.print(session.output);
  if (secrets.empty()) session.progress.line("bulkhead: there is no secret.");
}

void secrets_rm(Session& session, const SecretsOptions& options) {
  if (!with_store([&] { return store().remove(options.name); }))
    throw Failure(Exit::not_found, "not_found",
                  "there is no secret " + manifest::quoted(options.name) +
                      ". `bulkhead secrets list` shows all.");
  if (session.output.json()) session.output.document({{"name", options.name}});
}

}  // namespace bulkhead::cli
