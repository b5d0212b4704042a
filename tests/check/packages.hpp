// What the tests of `bulkhead check` share: packages to change, and what a check says of them.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/check/check.hpp"
#include "tests/fixture/temp_folder.hpp"

namespace bulkhead::test {

// The names of cases with this result.
inline std::set<std::string> names(const check::Report& report, check::Result result) {
  std::set<std::string> found;
  for (const check::CaseReport& one : report.cases) {
    if (one.result == result) found.insert(one.name);
  }
  return found;
}

inline check::Report check_package(const std::filesystem::path& folder,
                                   const std::vector<std::string>& only = {}) {
  check::Options options;
  options.path = folder.string();
  options.host.read_environment = false;
  options.only = only;
  return check::run(options);
}

// A copy of a package, to be changed.
class Package {
 public:
  explicit Package(const std::filesystem::path& from) {
    std::filesystem::copy(from, folder(), std::filesystem::copy_options::recursive);
  }
  std::filesystem::path folder() const { return temp_->path() / "package"; }
  std::string content(const std::string& name) const { return read_file(folder() / name); }
  void write(const std::string& name, std::string_view content) const {
    temp_->write("package/" + name, content);
  }
  void replace(const std::string& name, const std::string& old, const std::string& now) const {
    std::string text = content(name);
    const std::size_t at = text.find(old);
    if (at == std::string::npos) throw std::runtime_error(name + " has no " + old);
    write(name, text.replace(at, old.size(), now));
  }

 private:
  std::shared_ptr<TempFolder> temp_ = std::make_shared<TempFolder>();
};

// Broken in one rule, by its configuration.
inline Package broken(const std::string& rule) {
  Package package(BROKEN_PACKAGE);
  package.replace("plugin.toml", "default = \"\"\nchoices = [\"\"]",
                  "default = \"" + rule + "\"\nchoices = [\"" + rule + "\"]");
  return package;
}

}  // namespace bulkhead::test
