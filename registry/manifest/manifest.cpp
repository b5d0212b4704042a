#include "registry/manifest/manifest.hpp"

#include <algorithm>
#include <set>

#include "registry/manifest/config_schema.hpp"
#include "registry/manifest/names.hpp"
#include "registry/manifest/text_file.hpp"

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kLongestDescription = 1000;  // bytes, as the other lengths
constexpr std::size_t kLongestLicense = 200;
constexpr std::size_t kLongestAuthor = 200;
constexpr std::size_t kLongestPath = 512;
constexpr std::size_t kMostAuthors = 64;
constexpr std::size_t kMostInterfaces = 32;
constexpr std::size_t kMostDependencies = 128;

const std::vector<std::string> kPlatforms = {"linux-x86_64", "linux-aarch64"};
const std::vector<std::string> kRuntimes = {"library", "exec"};
// Where they are is for the launcher to know: sandbox/policy/interpreters.cpp.
const std::vector<std::string> kInterpreters = {"python3"};

void check_format(TomlTable& root) {
  if (root.type_of("manifest").empty() && root.type_of("policy") == "integer") {
    root.fail("policy", "this is a policy (bulkhead.toml), not the manifest of a plugin");
  }
  const std::int64_t format = root.required_integer("manifest");
  if (format == kManifestFormat) return;
  root.fail("manifest", "this manifest has format " + std::to_string(format) +
                            ", and this version of Bulkhead reads format " +
                            std::to_string(kManifestFormat) +
                            (format > kManifestFormat
                                 ? ": install a newer Bulkhead, or an older version of the plugin"
                                 : ": write manifest = 1"));
}

// A text that is shown to people: printable, on one line, not too long.
void check_shown(const TomlTable& table, const char* key, const std::string& text,
                 std::size_t longest) {
  if (text.size() > longest) {
    table.fail(key, table.name(key) + " has " + std::to_string(text.size()) + " bytes; at most " +
                        std::to_string(longest) + " are allowed");
  }
  if (!is_printable(text)) {
    table.fail(
        key, table.name(key) + " must be one line without control characters, not " + quoted(text));
  }
}

std::string shown_text(TomlTable& table, const char* key, std::size_t longest) {
  auto text = table.text(key).value_or("");
  check_shown(table, key, text, longest);
  return text;
}

// The elements of an array of texts, each of them once.
std::vector<std::string> distinct_texts(TomlTable& table, const char* key, std::size_t most) {
  auto texts = table.texts(key).value_or(std::vector<std::string>{});
  if (texts.size() > most) {
    table.fail(key, table.name(key) + " has " + std::to_string(texts.size()) +
                        " elements; at most " + std::to_string(most) + " are allowed");
  }
  std::set<std::string> seen;
  for (std::size_t index = 0; index < texts.size(); ++index) {
    if (seen.insert(texts[index]).second) continue;
    table.fail_element(key, index,
                       quoted(texts[index]) + " stands in " + table.name(key) + " twice");
  }
  return texts;
}

std::string required_id(TomlTable& table, const char* key) {
  auto id = table.required_text(key);
  if (!is_id(id)) {
    table.fail(key, table.name(key) + " must be " + kIdRule + ", not " + quoted(id));
  }
  return id;
}

Range parse_range(const TomlTable& table, const char* key, const std::string& text) {
  auto range = Range::parse(text);
  if (!range) {
    table.fail(key, table.name(key) + " must be a range of versions such as '^1.2' or " +
                        "'>=1.0 <2.0', not " + quoted(text));
  }
  return std::move(*range);
}

void read_plugin(TomlTable table, Manifest& manifest) {
  manifest.id = required_id(table, "id");
  const std::string version = table.required_text("version");
  const auto parsed = Version::parse(version);
  if (!parsed) {
    table.fail(
        "version",
        "plugin.version must be a version such as '1.0.0' or '1.2.0-rc.1' (semver.org), not " +
            quoted(version));
  }
  manifest.version = *parsed;
  manifest.kind = required_id(table, "kind");
  manifest.description = shown_text(table, "description", kLongestDescription);
  manifest.license = shown_text(table, "license", kLongestLicense);
  manifest.authors = distinct_texts(table, "authors", kMostAuthors);
  for (std::size_t index = 0; index < manifest.authors.size(); ++index) {
    const std::string& author = manifest.authors[index];
    if (!author.empty() && author.size() <= kLongestAuthor && is_printable(author)) continue;
    table.fail_element("authors", index,
                       "an author must be one line of 1 to " + std::to_string(kLongestAuthor) +
                           " bytes without control characters, not " + quoted(author));
  }
  table.finish();
}

// Why a path is refused, or empty.
std::string path_problem(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > kLongestPath)
    return "is longer than " + std::to_string(kLongestPath) + " bytes";
  if (!is_printable(path)) return "has control characters";
  if (path.starts_with('/')) return "is absolute: write it relative to the folder of plugin.toml";
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part == "..") return "leads out of the package: '..' is not allowed";
    if (part.empty() || part == ".") return "has an empty part or '.': write it as 'lib/name.so'";
    if (slash == std::string_view::npos) return "";
    path.remove_prefix(slash + 1);
  }
}

std::string read_path(TomlTable& table, const char* key) {
  auto path = table.required_text(key);
  const std::string problem = path_problem(path);
  if (!problem.empty()) {
    table.fail(key, table.name(key) + ", the path " + quoted(path) + ", " + problem);
  }
  return path;
}

// One path, or one for each platform; every path is checked, one is chosen.
std::string read_entry(TomlTable& runtime, std::string_view platform, const char* what) {
  if (runtime.type_of("entry") != "table") return read_path(runtime, "entry");
  TomlTable table = *runtime.table("entry");
  std::optional<std::string> chosen;
  const auto present = table.keys();
  for (const std::string& known : kPlatforms) {
    if (!table.has(known.c_str())) continue;
    std::string path = read_path(table, known.c_str());
    if (known == platform) chosen = std::move(path);
  }
  table.finish();
  if (chosen) return *chosen;
  runtime.fail("entry", "this package has no " + std::string(what) + " for " +
                            std::string(platform) + " (runtime.entry has: " + listed(present) +
                            ")");
}

void read_runtime(TomlTable table, std::string_view platform, Manifest& manifest) {
  manifest.runtime = table.required_text("type");
  const bool exec = manifest.runtime == "exec";
  if (!exec && manifest.runtime != "library") {
    table.fail("type", "runtime.type must be 'library' or 'exec', not " + quoted(manifest.runtime) +
                           did_you_mean(manifest.runtime, kRuntimes));
  }
  manifest.entry = read_entry(table, platform, exec ? "program" : "library");
  if (const auto interpreter = table.text("interpreter")) {
    if (!exec) {
      table.fail("interpreter", "runtime.interpreter is for scripts, with runtime.type 'exec'");
    }
    if (std::find(kInterpreters.begin(), kInterpreters.end(), *interpreter) ==
        kInterpreters.end()) {
      table.fail("interpreter", "runtime.interpreter must be " + listed(kInterpreters) + ", not " +
                                    quoted(*interpreter) +
                                    ": the name of a program that Bulkhead knows, not a path");
    }
    manifest.interpreter = *interpreter;
  }
  table.finish();
}

void read_interfaces(TomlTable table, Manifest& manifest) {
  manifest.interfaces = distinct_texts(table, "offers", kMostInterfaces);
  for (std::size_t index = 0; index < manifest.interfaces.size(); ++index) {
    const std::string& name = manifest.interfaces[index];
    if (is_interface_name(name)) continue;
    table.fail_element(
        "offers", index,
        "an interface is a name and a revision, such as 'bulkhead.codec/1', not " + quoted(name));
  }
  table.finish();
}

void read_dependencies(TomlTable table, Manifest& manifest) {
  const auto ids = table.keys();
  if (ids.size() > kMostDependencies) {
    table.fail(nullptr, "[dependencies] has " + std::to_string(ids.size()) + " plugins; at most " +
                            std::to_string(kMostDependencies) + " are allowed");
  }
  for (const std::string& id : ids) {
    if (!is_id(id)) {
      table.fail_key(id, "the id of a plugin is " + std::string(kIdRule) + ", not " + quoted(id));
    }
    if (id == manifest.id) table.fail_key(id, "a plugin can't depend on itself");
    const std::string range = table.required_text(id.c_str());
    manifest.dependencies.push_back({id, parse_range(table, id.c_str(), range)});
  }
}

}  // namespace

Manifest Manifest::parse(std::string_view text, std::string file, std::string_view platform) {
  Manifest manifest;
  manifest.file = file;
  TomlTable root = TomlTable::parse(text, std::move(file));
  check_format(root);
  auto host = root.table("host");
  auto interfaces = root.table("interfaces");
  auto dependencies = root.table("dependencies");
  auto permissions = root.table("permissions");
  auto config = root.table("config");
  auto plugin = root.required_table("plugin");
  auto runtime = root.required_table("runtime");
  root.finish();

  read_plugin(std::move(plugin), manifest);
  read_runtime(std::move(runtime), platform, manifest);
  if (host) {
    const auto range = host->text("requires");
    if (range) manifest.host = parse_range(*host, "requires", *range);
    host->finish();
  }
  if (interfaces) read_interfaces(std::move(*interfaces), manifest);
  if (dependencies) read_dependencies(std::move(*dependencies), manifest);
  if (permissions) manifest.permissions = read_permissions(std::move(*permissions));
  if (config) manifest.config = read_config_schema(std::move(*config));
  return manifest;
}

Manifest Manifest::read(const std::string& folder) {
  const std::string file = folder + "/plugin.toml";
  const auto text = read_text_file(file);
  if (!text) {
    throw FileError(file, 0, 0,
                    "there is no such file: the folder has no manifest, so it is no plugin; every "
                    "plugin folder has a plugin.toml at its top");
  }
  return parse(*text, file, manifest::platform());
}

std::string platform() {
#if defined(__x86_64__)
  return "linux-x86_64";
#elif defined(__aarch64__)
  return "linux-aarch64";
#else
#error "Bulkhead runs on x86_64 and aarch64"
#endif
}

}  // namespace bulkhead::manifest
