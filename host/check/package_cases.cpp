// manifest.*, package.*: what can be said without running anything.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "host/check/cases.hpp"
#include "host/check/check_file.hpp"

namespace bulkhead::check {
namespace {

namespace fs = std::filesystem;

// A package travels: somebody downloads it, and every host hashes all of it at each start.
constexpr double kLargestPackage = 1e9;

void valid(Subject& subject, Notes&) {
  if (subject.manifest_problem().empty()) return;
  throw Violation{"", subject.manifest_problem(), "docs/manifest.md has all keys"};
}

void described(Subject& subject, Notes&) {
  const manifest::Manifest& manifest = subject.manifest();
  const std::pair<const char*, bool> wanted[] = {
      {"plugin.description", manifest.description.empty()},
      {"plugin.license", manifest.license.empty()},
      {"interfaces.offers", manifest.interfaces.empty()}};
  for (const auto& [key, missing] : wanted) {
    if (missing)
      throw Violation{"", std::string(key) + " is empty or missing", "say it in plugin.toml"};
  }
  for (const manifest::ConfigKey& key : manifest.config) {
    if (key.description.empty())
      throw Violation{"", "config." + key.name + " has no description",
                      "say what it does, in its unit"};
  }
}

template <class Look>
void for_each_entry(const std::string& folder, Look&& look) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string path = at->path().string();
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0)
      throw Violation{"", path + " can't be looked at: " + std::strerror(errno),
                      "make it readable"};
    look(path, status);
  }
  if (error)
    throw Violation{"", folder + " can't be listed: " + error.message(), "make it readable"};
}

void look_at_file(const std::string& path, const struct stat& status) {
  if (S_ISLNK(status.st_mode))
    throw Violation{"", path + " is a symbolic link", "put the file itself into the package"};
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    throw Violation{"", path + " is no regular file", "leave it out"};
  if ((status.st_mode & S_IWOTH) != 0)
    throw Violation{"", path + " can be written by everyone", "chmod -R o-w on the package"};
  const mode_t needed = S_ISDIR(status.st_mode) ? S_IROTH | S_IXOTH : S_IROTH;
  if ((status.st_mode & needed) != needed)
    throw Violation{"", path + " can't be read by others, and a cell runs as another user",
                    "chmod -R o+rX on the package"};
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0 && !S_ISDIR(status.st_mode))
    throw Violation{"", path + " is set-user-id or set-group-id", "chmod -R ug-s on the package"};
}

void files(Subject& subject, Notes&) {
  const std::string& entry = subject.entry();
  struct stat status {};
  if (lstat(entry.c_str(), &status) != 0)
    throw Violation{"", "the entry " + entry + " is missing: " + std::strerror(errno),
                    "build the plugin, or correct runtime.entry in plugin.toml"};
  for_each_entry(subject.folder(), look_at_file);
  if (subject.manifest().runtime == "exec" && subject.manifest().interpreter.empty() &&
      (status.st_mode & 0111) == 0)
    throw Violation{"", "the entry " + entry + " is not executable",
                    "chmod a+rx, or name runtime.interpreter in plugin.toml"};
}

void size(Subject& subject, Notes& notes) {
  double bytes = 0, count = 0;
  for_each_entry(subject.folder(), [&](const std::string&, const struct stat& status) {
    if (!S_ISREG(status.st_mode)) return;
    bytes += static_cast<double>(status.st_size);
    ++count;
  });
  notes.figures = {{"bytes", bytes}, {"files", count}};
  if (bytes > kLargestPackage)
    throw Violation{"", "the package has " + std::to_string(bytes / 1e9) + " GB",
                    "ship large data apart, and let the embedder grant it as a file"};
}

void inputs(Subject& subject, Notes& notes) {
  try {
    const auto calls = read_check_file(subject.folder(), subject.manifest().interfaces);
    if (!calls) throw Skip{"there is no check/check.toml; all inputs are made up"};
    notes.figures = {{"calls", static_cast<double>(calls->size())}};
  } catch (const manifest::FileError& error) {
    throw Violation{"", error.what(), "docs/check.md has its format"};
  }
}

constexpr Case kCases[] = {
    {{"manifest.valid", "The manifest can be read, and says nothing that it may not.",
      "docs/manifest.md"},
     valid},
    {{"manifest.described",
      "Whoever installs the plugin learns what it is, its licence and its interfaces, and what "
      "each "
      "key of its configuration does.",
      "docs/manifest.md"},
     described},
    {{"package.files",
      "The entry is there; all files are regular, readable by a cell, and nobody else's to write.",
      "docs/manifest.md"},
     files},
    {{"package.size", "The package has at most 1 GB.", "docs/check.md"}, size},
    {{"package.inputs", "check/check.toml, where there is one, can be read.", "docs/check.md"},
     inputs},
};

}  // namespace

std::span<const Case> package_cases() { return kCases; }

}  // namespace bulkhead::check
