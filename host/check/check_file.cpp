#include "host/check/check_file.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "registry/manifest/text_file.hpp"
#include "registry/manifest/toml_reader.hpp"
#include "sdk/wire/interfaces.hpp"

namespace bulkhead::check {
namespace {

using manifest::TomlTable;

constexpr std::size_t kMostCalls = 256;

void read_method(TomlTable& table, const std::vector<std::string>& interfaces, PlannedCall& call) {
  if (interfaces.size() == 1) call.interface = interfaces.front();
  if (auto name = table.text("interface")) call.interface = *name;
  if (std::find(interfaces.begin(), interfaces.end(), call.interface) == interfaces.end())
    table.fail("interface", "the manifest does not offer " + manifest::quoted(call.interface) +
                                "; it offers " + manifest::listed(interfaces));
  const wire::InterfaceInfo* known = wire::find_interface(call.interface);
  if (known == nullptr)
    table.fail("interface",
               "this version of Bulkhead does not know " + manifest::quoted(call.interface));
  call.method = table.required_text("method");
  std::vector<std::string> names;
  for (const wire::MethodInfo& method : known->methods()) names.push_back(method.name);
  if (std::find(names.begin(), names.end(), call.method) == names.end())
    table.fail("method", call.interface + " has no method " + manifest::quoted(call.method) + "." +
                             manifest::did_you_mean(call.method, names));
}

void read_files(TomlTable& table, const std::string& folder, PlannedCall& call) {
  const std::vector<std::string> read = table.texts("read").value_or(std::vector<std::string>());
  for (std::size_t i = 0; i < read.size(); ++i) {
    const std::string path = folder + "/check/" + read[i];
    struct stat status {};
    if (read[i].find('/') != std::string::npos || lstat(path.c_str(), &status) != 0 ||
        !S_ISREG(status.st_mode))
      table.fail_element("read", i, manifest::quoted(read[i]) + " is no file of the folder check/");
    call.read.emplace_back(read[i], path);
  }
  call.write = table.texts("write").value_or(std::vector<std::string>());
}

}  // namespace

std::optional<std::vector<PlannedCall>> read_check_file(
    const std::string& folder, const std::vector<std::string>& interfaces) {
  const std::string file = folder + "/check/check.toml";
  const auto text = manifest::read_text_file(file);
  if (!text) return std::nullopt;
  TomlTable top = TomlTable::parse(*text, file);
  if (const auto format = top.required_integer("check"); format != 1)
    top.fail("check", "this is format " + std::to_string(format) +
                          "; this version of Bulkhead reads format 1");
  std::vector<TomlTable> tables = top.tables("call");
  top.finish();
  if (tables.size() > kMostCalls)
    top.fail(nullptr, "at most " + std::to_string(kMostCalls) + " calls are read");
  std::vector<PlannedCall> calls;
  for (TomlTable& table : tables) {
    PlannedCall call;
    read_method(table, interfaces, call);
    call.params = json::parse(table.text("params").value_or("{}"), nullptr, false);
    if (!call.params.is_object()) table.fail("params", "the params must be a JSON object");
    read_files(table, folder, call);
    table.finish();
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace bulkhead::check
