#include "sandbox/keep/job_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace bulkhead::sandbox {
namespace {

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = write(file, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return 0;
}

}  // namespace

wire::UniqueFd claim(int folder) {
  wire::UniqueFd file(openat(folder, kLockFile, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return {};
  struct flock lock = whole_file();
  if (fcntl(file.get(), F_OFD_SETLK, &lock) != 0) return {};
  // Who removes a folder holds the lock until the file has no name any more.
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || status.st_nlink == 0) return {};
  return file;
}

bool is_claimed(int folder) {
  const wire::UniqueFd file(openat(folder, kLockFile, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return false;
  struct flock lock = whole_file();
  return fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool has_file(int folder, const char* name) { return faccessat(folder, name, F_OK, 0) == 0; }

int write_whole(int folder, const char* name, std::string_view text) {
  const std::string temporary = std::string(name) + ".tmp";
  const wire::UniqueFd file(openat(folder, temporary.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return errno;
  if (const int error = write_all(file.get(), text)) return error;
  if (fsync(file.get()) != 0 || renameat(folder, temporary.c_str(), folder, name) != 0) {
    return errno;
  }
  return fsync(folder) != 0 ? errno : 0;
}

}  // namespace bulkhead::sandbox
