#include "host/runtime/dependencies.hpp"

#include <bulkhead/host.hpp>

#include <algorithm>
#include <filesystem>

#include "registry/manifest/words.hpp"

namespace bulkhead::host {
namespace {

// Of plugins below each other: each costs a cell, and each call a thread.
constexpr std::size_t kMostDepth = 16;

// It lies in FOLDER/ID or FOLDER/ID/VERSION, and can't be used.
bool is_broken(const Package& package, std::string_view id) {
  if (package.manifest) return false;
  const std::filesystem::path folder(package.folder);
  return folder.filename() == id || folder.parent_path().filename() == id;
}

std::string folder_list(const std::vector<std::string>& folders) {
  std::string list;
  for (const std::string& folder : folders) list += (list.empty() ? "" : ", ") + folder;
  return list.empty() ? "no folder" : list;
}

std::string label(const Package& package) {
  return package.manifest->id + " " + package.manifest->version.text();
}

}  // namespace

const Package& DependencyGraph::choose(std::string_view id, const manifest::Range& range,
                                       const std::string& written) const {
  const Package* best = nullptr;
  std::string others, broken;
  std::vector<std::string> ids;
  for (const Package& package : packages_) {
    if (!package.manifest) {
      if (is_broken(package, id)) broken += (broken.empty() ? "" : "; ") + package.error;
      continue;
    }
    ids.push_back(package.manifest->id);
    if (package.manifest->id != id) continue;
    if (range.contains(package.manifest->version)) {
      // The list ascends; of equal versions the first folder's wins.
      if (best == nullptr || best->manifest->version < package.manifest->version) best = &package;
    } else {
      others += (others.empty() ? "" : ", ") + package.manifest->version.text();
    }
  }
  if (best != nullptr) return *best;
  // There is one, so nothing was meant that is written alike or lies elsewhere.
  if (others.empty() && !broken.empty()) {
    throw Error(Status::data_invalid,
                "the plugin " + manifest::quoted(id) + " is broken: " + broken);
  }
  std::string why = "no plugin '" + std::string(id) + "'";
  if (!others.empty()) {
    why += " in the range " + written + "; there is version " + others;
  } else {
    const std::string near = manifest::nearest(id, ids);
    if (!near.empty()) why += "; did you mean '" + near + "'?";
  }
  why += " (looked in " + folder_list(folders_) + ")";
  if (!broken.empty()) why += "; another version is broken: " + broken;
  throw Error(Status::not_found, why);
}

const Package& DependencyGraph::choose(const Package& package,
                                       const manifest::Dependency& dependency) const {
  try {
    return choose(dependency.id, dependency.range, dependency.range.text());
  } catch (const Error& error) {
    throw Error(error.status(), label(package) + ": a plugin that it depends on is missing: " +
                                    error.what() + ". Install it");
  }
}

void DependencyGraph::check(const Package& package) const {
  std::vector<const Package*> trail;
  std::map<const Package*, std::size_t> known;
  if (depth(package, trail, known) <= kMostDepth) return;
  throw Error(Status::data_invalid, label(package) + ": its dependencies go more than " +
                                        std::to_string(kMostDepth) +
                                        " plugins deep, which is the most");
}

// Depth first; `trail` are the packages from the first one to this one.
std::size_t DependencyGraph::depth(const Package& package, std::vector<const Package*>& trail,
                                   std::map<const Package*, std::size_t>& known) const {
  if (const auto found = known.find(&package); found != known.end()) return found->second;
  const auto above = std::find(trail.begin(), trail.end(), &package);
  if (above != trail.end()) {
    std::string cycle;
    for (auto at = above; at != trail.end(); ++at) cycle += label(**at) + " needs ";
    throw Error(Status::data_invalid, label(*trail.front()) + ": plugins depend on each other: " +
                                          cycle + label(package) + ". One of them must do without");
  }
  trail.push_back(&package);
  std::size_t below = 0;
  if (trail.size() <= kMostDepth) {  // deeper is refused anyway
    for (const manifest::Dependency& dependency : package.manifest->dependencies) {
      below = std::max(below, depth(choose(package, dependency), trail, known));
    }
  }
  trail.pop_back();
  return known[&package] = below + 1;
}

}  // namespace bulkhead::host
