// Real text of three kinds, from what every machine that builds this has: the licences that Debian
// carries, the sources of this repository, and its documentation.
#pragma once

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::testing {

using Classes = std::vector<std::pair<std::string, std::string>>;  // label and text

// Each line once: texts of one kind repeat each other, and what is held out must not be known.
inline std::string read_texts(const std::filesystem::path& folder, std::string_view ending) {
  std::set<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_symlink() || !entry.is_regular_file() || !name.ends_with(ending)) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    for (std::string line; std::getline(in, line);) lines.insert(line);
  }
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

inline const Classes& real_text() {
  static const Classes classes = {
      {"licence", read_texts("/usr/share/common-licenses", "")},
      {"code", read_texts(LINEAR_SOURCES "/sdk", "pp")},
      {"manual", read_texts(LINEAR_SOURCES "/docs", ".md")},
  };
  return classes;
}

}  // namespace bulkhead::testing
