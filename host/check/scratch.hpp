// A temporary folder that goes away, for the files that plugins are lent.
#pragma once

#include <string>

namespace bulkhead::check {

class Scratch {
 public:
  // Throws Error where $TMPDIR, else /tmp, takes no folder.
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // Writes a file and gives its path. Throws Error.
  std::string write(const std::string& name, std::string_view content) const;

 private:
  std::string folder_;
};

// The content of a file, at most `limit` bytes. Throws Error.
std::string read_file(const std::string& path, std::size_t limit);

}  // namespace bulkhead::check
