// Plugin packages on disk: finding them, and the hash of one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/manifest/manifest.hpp"

namespace bulkhead::host {

// A folder with a plugin.toml.
struct Package {
  std::string folder;
  std::optional<manifest::Manifest> manifest;
  std::string error;  // why there is no manifest
};

// All packages in the folders: FOLDER/plugin.toml, FOLDER/*/plugin.toml or FOLDER/*/*/plugin.toml;
// by id, then version, then order of the folders. Missing folders are skipped. In the last form the
// names must be the id and version of the manifest.
std::vector<Package> find_packages(const std::vector<std::string>& folders);

// sha256 over the sorted list of the package's files, each with its path, size and sha256; binary.
// Throws bulkhead::Error for links, devices, unreadable files, and too many of them.
std::string hash_package(const std::string& folder);

std::string hexadecimal(std::string_view bytes);

}  // namespace bulkhead::host
