// Reading a small text file that nobody vouches for: it may be missing, huge, a pipe or a device.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace bulkhead::manifest {

constexpr std::size_t kLargestTextFile = std::size_t{1} << 20;  // 1 MiB

// The content of a regular file, or nullopt where there is no file of that name. Throws FileError
// for a file that is no regular file, is larger than kLargestTextFile or can't be read. Does not
// wait: opening a FIFO is an error at once.
std::optional<std::string> read_text_file(const std::string& path);

}  // namespace bulkhead::manifest
