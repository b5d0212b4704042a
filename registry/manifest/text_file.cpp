#include "registry/manifest/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "registry/manifest/toml_reader.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::manifest {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

const char* kind_of_file(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

std::optional<std::string> read_text_file(const std::string& path) {
  // O_NONBLOCK: a FIFO without a writer would hold open() for ever.
  const wire::UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.get() < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) return std::nullopt;
    if (error == ENXIO) throw FileError(path, 0, 0, "is a socket, not a regular file");
    throw FileError(path, 0, 0, "can't be opened: " + reason(error));
  }
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) {
    throw FileError(path, 0, 0, "can't be examined: " + reason(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw FileError(path, 0, 0,
                    std::string("is ") + kind_of_file(status.st_mode) + ", not a regular file");
  }
  // One byte more than allowed is read, so that a file that grows meanwhile is noticed too.
  std::string text(kLargestTextFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(path, 0, 0, "can't be read: " + reason(errno));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kLargestTextFile) throw FileError(path, 0, 0, "is larger than 1 MiB");
  text.resize(size);
  text.shrink_to_fit();
  return text;
}

}  // namespace bulkhead::manifest
