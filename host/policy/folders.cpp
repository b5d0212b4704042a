// The folders of the XDG Base Directory Specification: a variable counts only if it is absolute.
#include <unistd.h>

#include "host/policy/policy.hpp"

namespace bulkhead::policy {
namespace {

std::string absolute_path(const Environment& environment, const char* variable) {
  const char* value = environment ? environment(variable) : nullptr;
  if (value == nullptr || value[0] != '/') return "";
  std::string path = value;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The folder that `variable` names, else one in the home; empty where there is neither.
std::string user_folder(const Environment& environment, const char* variable, const char* in_home) {
  std::string folder = absolute_path(environment, variable);
  if (!folder.empty()) return folder + "/bulkhead";
  folder = absolute_path(environment, "HOME");
  return folder.empty() ? "" : folder + in_home + "/bulkhead";
}

}  // namespace

std::string config_folder(const Environment& environment) {
  return user_folder(environment, "XDG_CONFIG_HOME", "/.config");
}

std::string state_folder(const Environment& environment) {
  const std::string folder = user_folder(environment, "XDG_STATE_HOME", "/.local/state");
  return folder.empty() ? runtime_folder(environment) + "/state" : folder;
}

std::string runtime_folder(const Environment& environment) {
  const std::string folder = absolute_path(environment, "XDG_RUNTIME_DIR");
  return folder.empty() ? "/tmp/bulkhead-" + std::to_string(::geteuid()) : folder + "/bulkhead";
}

std::string secrets_folder(const Environment& environment) {
  const std::string data = user_folder(environment, "XDG_DATA_HOME", "/.local/share");
  return data.empty() ? "" : data + "/secrets";
}

std::vector<std::string> default_plugin_folders(const Environment& environment) {
  std::vector<std::string> folders;
  const std::string data = user_folder(environment, "XDG_DATA_HOME", "/.local/share");
  if (!data.empty()) folders.push_back(data + "/plugins");
  folders.emplace_back("/usr/local/lib/bulkhead/plugins");
  folders.emplace_back("/usr/lib/bulkhead/plugins");
  return folders;
}

}  // namespace bulkhead::policy
