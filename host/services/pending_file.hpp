// A file in writing that appears under its name whole, or not at all.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::host {

// Functions return an errno, or 0. A symbolic link is followed; an existing file's mode is kept.
class PendingFile {
 public:
  PendingFile() = default;
  ~PendingFile();
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&&) = delete;

  // EINVAL: the name belongs to something that is no regular file. `mode` is of a new file.
  int begin(const std::string& path, mode_t mode = 0666);
  int write(std::span<const std::byte> bytes);
  // Makes it durable and gives it its name.
  int commit();

 private:
  std::string path_;  // links followed
  std::string folder_;
  std::string temporary_;  // empty: the file has no name yet
  wire::UniqueFd file_;
};

}  // namespace bulkhead::host
