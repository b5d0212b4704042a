#include "host/services/granted_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace bulkhead::host {
namespace {

constexpr std::size_t kMaxOpen = 64;   // files of an instance
constexpr std::size_t kMaxName = 200;  // bytes
constexpr std::size_t kMaxGrants = 4096;

wire::FileOutcome failed(std::string_view what, std::string_view name, int error) {
  bh_status status = BH_IO_ERROR;
  if (error == ENOENT || error == ENOTDIR) status = BH_NOT_FOUND;
  if (error == EACCES || error == EPERM || error == EROFS) status = BH_PERMISSION_DENIED;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG || error == EMFILE || error == ENFILE) {
    status = BH_RESOURCE_EXHAUSTED;
  }
  return {status, "the granted file '" + std::string(name) + "' can't be " + std::string(what) +
                      ": " + (error == EINVAL ? "it is no regular file" : std::strerror(error))};
}

wire::FileOutcome no_handle(std::uint64_t handle, const char* kind) {
  return {BH_NOT_FOUND, "there is no file open for " + std::string(kind) + " with handle " +
                            std::to_string(handle)};
}

bool printable(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 32 && c != 127; });
}

}  // namespace

std::string FileGrants::problem(std::string_view name, std::string_view path) {
  if (name.empty() || name.size() > kMaxName || !printable(name)) {
    return "A file is granted under a name of 1 to " + std::to_string(kMaxName) +
           " bytes without blanks; this one has " + std::to_string(name.size());
  }
  if (path.empty() || path.find('\0') != std::string::npos) {
    return "The path granted as '" + std::string(name) + "' is empty";
  }
  return {};
}

void FileGrants::add(std::string name, std::string path, FileAccess access) {
  if (const std::string why = problem(name, path); !why.empty()) {
    throw Error(Status::invalid_argument, why);
  }
  auto grant = std::make_shared<const Grant>(Grant{std::move(path), access});
  const std::lock_guard lock(mutex_);
  if (grants_.size() >= kMaxGrants) {
    throw Error(Status::resource_exhausted,
                "An instance can be granted " + std::to_string(kMaxGrants) + " files at most");
  }
  grants_[std::move(name)] = std::move(grant);
}

void FileGrants::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = grants_.find(name); found != grants_.end()) grants_.erase(found);
}

std::shared_ptr<const FileGrants::Grant> FileGrants::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(name);
  return found == grants_.end() ? nullptr : found->second;
}

std::string FileGrants::missing(std::string_view name, FileAccess access) const {
  std::string text = "no file '" + std::string(name) + "' was granted to this plugin for " +
                     (access == FileAccess::read ? "reading" : "writing");
  return advice_ ? text + "; " + advice_(name, access) : text;
}

wire::FileOutcome GrantedFiles::granted(std::string_view name, FileAccess access,
                                        std::string& path) const {
  const auto grant = grants_->find(name.substr(0, kMaxName + 1));
  if (grant == nullptr || grant->access != access) {
    return {BH_PERMISSION_DENIED, grants_->missing(name.substr(0, kMaxName), access)};
  }
  path = grant->path;
  return {};
}

wire::FileOutcome GrantedFiles::add(std::shared_ptr<Open> open, std::uint64_t& handle) {
  const std::lock_guard lock(mutex_);
  if (open_.size() >= kMaxOpen) {
    return {BH_RESOURCE_EXHAUSTED,
            "the plugin has " + std::to_string(kMaxOpen) + " granted files open already"};
  }
  handle = next_++;
  open_.emplace(handle, std::move(open));
  return {};
}

std::shared_ptr<GrantedFiles::Open> GrantedFiles::find(std::uint64_t handle) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(handle);
  return found == open_.end() ? nullptr : found->second;
}

wire::FileOutcome GrantedFiles::open(std::string_view name, std::uint64_t& handle,
                                     std::uint64_t& size) {
  std::string path;
  if (auto denied = granted(name, FileAccess::read, path); denied.status != BH_OK) return denied;
  // O_NONBLOCK: a FIFO must not hang anybody.
  wire::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return failed("opened", name, errno);
  struct stat facts {};
  if (fstat(file.get(), &facts) != 0) return failed("opened", name, errno);
  if (!S_ISREG(facts.st_mode)) return failed("opened", name, EINVAL);
  size = static_cast<std::uint64_t>(facts.st_size);
  auto open = std::make_shared<Open>();
  open->name = name;
  std::get<Reading>(open->as).file = std::move(file);
  return add(std::move(open), handle);
}

wire::FileOutcome GrantedFiles::read(std::uint64_t handle, std::uint64_t offset,
                                     std::span<std::byte> buffer, std::size_t& got) {
  got = 0;
  const auto open = find(handle);
  const auto* reading = open == nullptr ? nullptr : std::get_if<Reading>(&open->as);
  if (reading == nullptr) return no_handle(handle, "reading");
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - buffer.size()) {
    return {};  // behind the end of any file
  }
  while (got < buffer.size()) {
    const ssize_t size = pread(reading->file.get(), buffer.data() + got, buffer.size() - got,
                               static_cast<off_t>(offset + got));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("read", open->name, errno);
    if (size == 0) break;
    got += static_cast<std::size_t>(size);
  }
  return {};
}

wire::FileOutcome GrantedFiles::create(std::string_view name, std::uint64_t& handle) {
  std::string path;
  if (auto denied = granted(name, FileAccess::write, path); denied.status != BH_OK) return denied;
  auto open = std::make_shared<Open>();
  open->name = name;
  if (const int error = open->as.emplace<Writing>().file.begin(path)) {
    return failed("created", name, error);
  }
  return add(std::move(open), handle);
}

wire::FileOutcome GrantedFiles::write(std::uint64_t handle, std::span<const std::byte> bytes) {
  const auto open = find(handle);
  auto* writing = open == nullptr ? nullptr : std::get_if<Writing>(&open->as);
  if (writing == nullptr) return no_handle(handle, "writing");
  const std::lock_guard lock(writing->mutex);
  if (const int error = writing->file.write(bytes)) return failed("written", open->name, error);
  return {};
}

wire::FileOutcome GrantedFiles::commit(std::uint64_t handle) {
  const auto open = find(handle);
  auto* writing = open == nullptr ? nullptr : std::get_if<Writing>(&open->as);
  if (writing == nullptr) return no_handle(handle, "writing");
  close(handle);  // nobody writes to it any more
  const std::lock_guard lock(writing->mutex);
  if (const int error = writing->file.commit()) return failed("finished", open->name, error);
  return {};
}

void GrantedFiles::close(std::uint64_t handle) {
  std::shared_ptr<Open> closed;  // destroyed outside of the lock
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(handle);
  if (found == open_.end()) return;
  closed = std::move(found->second);
  open_.erase(found);
}

}  // namespace bulkhead::host
