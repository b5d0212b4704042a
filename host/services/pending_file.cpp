#include "host/services/pending_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>
#include <utility>

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

std::string temporary_name(const std::string& path) {
  const fs::path target(path);
  std::random_device random;
  char suffix[32];
  std::snprintf(suffix, sizeof suffix, ".%08x.tmp", static_cast<unsigned>(random()));
  // A name may have 255 bytes; the suffix must fit.
  return (target.parent_path() / ("." + target.filename().string().substr(0, 200) + suffix))
      .string();
}

}  // namespace

PendingFile::~PendingFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

PendingFile::PendingFile(PendingFile&& other) noexcept
    : path_(std::move(other.path_)),
      folder_(std::move(other.folder_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)) {}

int PendingFile::begin(const std::string& path, mode_t mode) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  path_ = error ? path : real.string();
  folder_ = fs::path(path_).parent_path().string();
  if (folder_.empty()) folder_ = ".";
  struct stat facts {};
  const bool exists = stat(path_.c_str(), &facts) == 0;
  if (exists && !S_ISREG(facts.st_mode)) return EINVAL;
  // Without a name until commit: not even kill -9 leaves it behind.
  file_.reset(open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
  if (!file_) {
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOSYS) return errno;
    const std::string name = temporary_name(path_);
    file_.reset(open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
    if (!file_) return errno;
    temporary_ = name;
  }
  return exists && fchmod(file_.get(), facts.st_mode & 07777) != 0 ? errno : 0;
}

int PendingFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file_.get(), bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return 0;
}

int PendingFile::commit() {
  if (fsync(file_.get()) != 0) return errno;
  if (temporary_.empty()) {
    const std::string name = temporary_name(path_);
    const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
    if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return errno;
    }
    temporary_ = name;
  }
  if (close(file_.release()) != 0) return errno;
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return errno;
  temporary_.clear();
  const wire::UniqueFd folder(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder && fsync(folder.get()) != 0 ? errno : 0;
}

}  // namespace bulkhead::host
