// Files of a command: read whole, written atomically, identified by sha256.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "host/services/pending_file.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::cli {

class Interrupts;

constexpr std::uint64_t kInputLimit = std::uint64_t{1} << 30;

// The bytes of a file, or of standard input for "" and "-". Throws Failure.
std::string read_input(const std::string& path, const Interrupts& interrupts,
                       std::uint64_t limit = kInputLimit);

// Where bytes go, piece by piece. Throws Failure.
using Sink = std::function<void(std::string_view)>;

// A file that appears under its name whole, or not at all. A device or pipe is written directly.
// A symbolic link is followed; an existing file's mode is kept.
class AtomicFile {
 public:
  // Throws Failure with Exit::output.
  explicit AtomicFile(const std::string& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  // Makes it durable and gives it its name.
  void commit();

 private:
  [[noreturn]] void fail(int error_number) const;

  std::string shown_;    // as the user wrote it
  wire::UniqueFd file_;  // of a device or pipe
  host::PendingFile pending_;
};

void write_file(const std::string& path, std::string_view bytes);

// Hexadecimal sha256.
std::string sha256(std::string_view bytes);

struct FileHash {
  std::string sha256;
  std::uint64_t bytes = 0;
};
// Of a file of any size. Throws Failure.
FileHash hash_file(const std::string& path, const Interrupts& interrupts);

}  // namespace bulkhead::cli
