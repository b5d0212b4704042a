#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>
#include <random>
#include <system_error>

#include "descriptors.hpp"
#include "failure.hpp"

namespace bulkhead::cli {
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

std::string read_input(const std::string& path, const Interrupts& interrupts, std::uint64_t limit) {
  if (path.empty() || path == "-") return read_all(0, kStandardInput, limit, interrupts);
  // O_NONBLOCK: a FIFO without a writer must not hang where no interrupt is seen.
  const wire::UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) throw file_failure("read", path, errno);
  return read_all(file.get(), path, limit, interrupts);
}

AtomicFile::AtomicFile(const std::string& path) : shown_(path), path_(path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  if (!error) path_ = real.string();
  folder_ = fs::path(path_).parent_path().string();
  if (folder_.empty()) folder_ = ".";

  struct stat facts {};
  const bool exists = ::stat(path_.c_str(), &facts) == 0;
  if (exists && S_ISDIR(facts.st_mode)) fail(EISDIR);
  direct_ = exists && !S_ISREG(facts.st_mode);
  if (direct_) {
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file_) fail(errno);
    return;
  }
  open_temporary();
  if (exists && ::fchmod(file_.get(), facts.st_mode & 07777) != 0) fail(errno);
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::open_temporary() {
  // Without a name until commit: not even kill -9 leaves it behind.
  file_.reset(::open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (file_) return;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOSYS) fail(errno);
  const std::string name = temporary_name(path_);
  file_.reset(::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666));
  if (!file_) fail(errno);
  temporary_ = name;
}

void AtomicFile::write(std::string_view bytes) {
  if (const int error = write_all(file_.get(), bytes)) fail(error);
}

void AtomicFile::commit() {
  if (direct_) {
    if (::close(file_.release()) != 0) fail(errno);
    return;
  }
  if (::fsync(file_.get()) != 0) fail(errno);
  if (temporary_.empty()) {
    const std::string name = temporary_name(path_);
    const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0)
      fail(errno);
    temporary_ = name;
  }
  if (::close(file_.release()) != 0) fail(errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  temporary_.clear();
  const wire::UniqueFd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
}

void AtomicFile::fail(int error_number) const {
  throw output_failure("\"" + shown_ + "\"", error_number);
}

void write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

std::string sha256(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace bulkhead::cli
