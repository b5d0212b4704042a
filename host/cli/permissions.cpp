#include "permissions.hpp"

namespace bulkhead::cli {

using nlohmann::ordered_json;

namespace {

std::string text_of(const ordered_json& value) { return value.get<std::string>(); }

std::string because(const ordered_json& entry) {
  const std::string why = text_of(entry["why"]);
  return why.empty() ? "" : ": " + why;
}

bool is_granted(const ordered_json& grants, const ordered_json& asked) {
  for (const auto& grant : grants) {
    if (grant["name"] == asked["name"] && grant.value("access", "") == asked.value("access", ""))
      return true;
  }
  return false;
}

}  // namespace

void add_permissions(ordered_json& document, const manifest::Permissions& asked) {
  for (const auto& file : asked.files)
    document["files"].push_back(
        {{"name", file.name}, {"access", access_name(file.access)}, {"why", file.why}});
  for (const auto& origin : asked.http) document["http"].push_back(origin.text());
  for (const auto& secret : asked.secrets)
    document["secrets"].push_back({{"name", secret.name}, {"why", secret.why}});
  if (asked.commands) document["commands"] = true;
}

ordered_json grants_document(const policy::Grants& grants) {
  ordered_json document;
  for (const char* key : {"files", "http", "secrets"}) document[key] = ordered_json::array();
  for (const auto& file : grants.files)
    document["files"].push_back({{"name", file.name},
                                 {"access", access_name(file.access)},
                                 {"path", file.path},
                                 {"by", file.at}});
  for (const auto& origin : grants.http)
    document["http"].push_back({{"origin", origin.origin.text()}, {"by", origin.at}});
  for (const auto& secret : grants.secrets)
    document["secrets"].push_back({{"name", secret.name}, {"by", secret.at}});
  document["commands"] = grants.commands ? ordered_json(grants.commands_at) : ordered_json();
  return document;
}

std::vector<std::pair<std::string, std::string>> permission_lines(const ordered_json& asked,
                                                                  const ordered_json& grants) {
  std::vector<std::pair<std::string, std::string>> lines;
  const auto line = [&](const char* title, const std::string& text) {
    lines.emplace_back(title, text);
  };
  const auto by = [](const ordered_json& grant) { return " (" + text_of(grant["by"]) + ")"; };
  const auto none = ordered_json::array();
  for (const auto& file : asked.value("files", none)) {
    line("asks for",
         "the file " + text_of(file["name"]) + " to " + text_of(file["access"]) + because(file));
    if (!is_granted(grants["files"], file))
      line("not granted", "the file " + text_of(file["name"]));
  }
  for (const auto& grant : grants["files"])
    line("granted",
         "the file " + text_of(grant["name"]) + ": " + text_of(grant["path"]) + by(grant));
  for (const auto& origin : asked.value("http", none)) line("asks for", text_of(origin));
  for (const auto& grant : grants["http"]) line("granted", text_of(grant["origin"]) + by(grant));
  if (asked.contains("http") && grants["http"].empty()) line("not granted", "any of these origins");
  for (const auto& secret : asked.value("secrets", none)) {
    line("asks for", "the secret " + text_of(secret["name"]) + because(secret));
    if (!is_granted(grants["secrets"], secret))
      line("not granted", "the secret " + text_of(secret["name"]));
  }
  for (const auto& grant : grants["secrets"])
    line("granted", "the secret " + text_of(grant["name"]) + by(grant));
  if (asked.contains("commands")) {
    line("asks for", "commands");
    const auto& given = grants["commands"];
    line(given.is_null() ? "not granted" : "granted",
         given.is_null() ? "commands" : "commands (" + text_of(given) + ")");
  }
  return lines;
}

}  // namespace bulkhead::cli
