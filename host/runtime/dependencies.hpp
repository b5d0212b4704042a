// Which package is taken for a plugin, and for those that it depends on. Nothing of a plugin runs.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/runtime/package.hpp"

namespace bulkhead::host {

class DependencyGraph {
 public:
  // `folders` are where the packages were found, for messages.
  DependencyGraph(std::vector<Package> packages, std::vector<std::string> folders)
      : packages_(std::move(packages)), folders_(std::move(folders)) {}

  // The highest version in the range; `written` is the range as it was written. Throws Error.
  const Package& choose(std::string_view id, const manifest::Range& range,
                        const std::string& written) const;
  // The same for what a package depends on; the error says who needs it.
  const Package& choose(const Package& package, const manifest::Dependency& dependency) const;
  // Throws Error unless everything that the package depends on is there, in its range, and without
  // a cycle.
  void check(const Package& package) const;

 private:
  // How many plugins deep it goes, itself counted. `known` has the depths that were found so far.
  std::size_t depth(const Package& package, std::vector<const Package*>& trail,
                    std::map<const Package*, std::size_t>& known) const;

  const std::vector<Package> packages_;
  const std::vector<std::string> folders_;
};

}  // namespace bulkhead::host
