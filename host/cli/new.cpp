// bulkhead new: the project of a plugin, from the templates of the installation.
//
// A template is a folder of files. In their text and names, @NAME@ is the plugin's id and @CLASS@
// its class.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "registry/manifest/words.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::uint64_t kLargestTemplate = 1 << 20;
constexpr std::size_t kLongestName = 64;

// Beside the program: <prefix>/bin/bulkhead, <prefix>/share/bulkhead/templates.
fs::path templates_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share/bulkhead/templates";
}

std::vector<std::string> kinds(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_id(const std::string& name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kLongestName && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// "my_codec" to "MyCodec".
std::string class_name(const std::string& id) {
  std::string name;
  bool raise = true;
  for (const char c : id) {
    if (c == '_') {
      raise = true;
    } else {
      name += raise && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
      raise = false;
    }
  }
  return name;
}

std::string filled(std::string text, const std::string& id) {
  const std::pair<std::string_view, std::string> marks[] = {{"@NAME@", id},
                                                            {"@CLASS@", class_name(id)}};
  for (const auto& [mark, value] : marks) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size()) {
      text.replace(at, mark.size(), value);
    }
  }
  return text;
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw file_failure("make the folder", path.string(), error.value());
}

// The files of a template, as paths relative to it.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file()) files.push_back(fs::relative(at->path(), folder));
  }
  if (error) throw file_failure("read the template", folder.string(), error.value());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

void new_plugin(Session& session, const NewOptions& options) {
  const fs::path templates = templates_folder();
  const std::vector<std::string> known = kinds(templates);
  if (known.empty()) {
    throw Failure(Exit::not_found, "not_found",
                  "the templates are missing: " + templates.string() +
                      " should have them. Install Bulkhead again.");
  }
  if (std::find(known.begin(), known.end(), options.kind) == known.end()) {
    throw usage_failure("there is no template for the kind " + manifest::quoted(options.kind) +
                        manifest::did_you_mean(options.kind, known) + " The kinds are " +
                        manifest::listed(known) + ".");
  }
  if (!is_id(options.name)) {
    throw usage_failure(manifest::quoted(options.name) +
                        " can't be the id of a plugin: lower-case letters, digits and underscores, "
                        "a letter first, at most " +
                        std::to_string(kLongestName) + ".");
  }
  const fs::path project =
      options.folder.empty() ? fs::path(options.name) : fs::path(options.folder);
  std::error_code error;
  if (fs::exists(project, error) && !fs::is_empty(project, error)) {
    throw usage_failure("the folder " + manifest::quoted(project.string()) +
                        " is there and not empty: nothing was changed.");
  }
  std::vector<std::string> made;
  for (const fs::path& file : files_of(templates / options.kind)) {
    const std::string source = (templates / options.kind / file).string();
    const std::string text = read_input(source, session.interrupts, kLargestTemplate);
    const fs::path target = project / filled(file.string(), options.name);
    make_folder(target.parent_path());
    write_file(target.string(), filled(text, options.name));
    made.push_back(target.string());
  }
  if (session.output.json()) {
    ordered_json document;
    document["kind"] = options.kind;
    document["id"] = options.name;
    document["folder"] = project.string();
    document["files"] = made;
    return session.output.document(document);
  }
  std::string text = "Made the " + options.kind + " plugin " + options.name + ":\n";
  for (const std::string& file : made) text += "  " + file + "\n";
  text += "\nBuild and test it:\n  cd " + project.string() +
          "\n  cmake -S . -B build -DCMAKE_PREFIX_PATH=" +
          templates.parent_path().parent_path().parent_path().string() +
          "\n  cmake --build build\n  ctest --test-dir build --output-on-failure\n" +
          "  bulkhead check build/plugins/" + options.name + "\n";
  session.output.write(text);
}

}  // namespace bulkhead::cli
