#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>

#include <cerrno>
#include <new>
#include <span>

#include "descriptors.hpp"
#include "failure.hpp"
#include "interrupts.hpp"

namespace bulkhead::cli {
std::string read_input(const std::string& path, const Interrupts& interrupts, std::uint64_t limit) {
  if (path.empty() || path == "-") return read_all(0, kStandardInput, limit, interrupts);
  // O_NONBLOCK: a FIFO without a writer must not hang where no interrupt is seen.
  const wire::UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) throw file_failure("read", path, errno);
  return read_all(file.get(), path, limit, interrupts);
}

AtomicFile::AtomicFile(const std::string& path) : shown_(path) {
  struct stat facts {};
  const bool exists = ::stat(path.c_str(), &facts) == 0;
  if (exists && S_ISDIR(facts.st_mode)) fail(EISDIR);
  if (exists && !S_ISREG(facts.st_mode)) {
    file_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file_) fail(errno);
  } else if (const int error = pending_.begin(path)) {
    fail(error);
  }
}

void AtomicFile::write(std::string_view bytes) {
  const int error =
      file_ ? write_all(file_.get(), bytes) : pending_.write(std::as_bytes(std::span(bytes)));
  if (error != 0) fail(error);
}

void AtomicFile::commit() {
  if (file_) {
    if (::close(file_.release()) != 0) fail(errno);
  } else if (const int error = pending_.commit()) {
    fail(error);
  }
}

void AtomicFile::fail(int error_number) const {
  throw output_failure("\"" + shown_ + "\"", error_number);
}

void write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw std::bad_alloc();
  }
  void add(std::string_view bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
  }
  std::string hexadecimal() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest, &size) != 1) throw std::bad_alloc();
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += kDigits[digest[i] >> 4];
      text += kDigits[digest[i] & 15];
    }
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hexadecimal();
}

FileHash hash_file(const std::string& path, const Interrupts& interrupts) {
  const wire::UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) throw file_failure("read", path, errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) throw file_failure("read", path, errno);
  if (!S_ISREG(facts.st_mode))  // what the host lends is a regular file
    throw file_failure("read", path, S_ISDIR(facts.st_mode) ? EISDIR : EINVAL);
  Sha256 hash;
  FileHash result;
  std::string piece(std::size_t{1} << 20, '\0');
  for (;;) {
    interrupts.check();
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw file_failure("read", path, errno);
    if (got == 0) break;
    hash.add(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    result.bytes += static_cast<std::uint64_t>(got);
  }
  result.sha256 = hash.hexadecimal();
  return result;
}

}  // namespace bulkhead::cli
