#include "host/secrets/secret_store.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <bulkhead/host.hpp>

#include "host/secrets/sealed_secret.hpp"
#include "host/services/pending_file.hpp"
#include "registry/manifest/names.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".secret";
constexpr std::size_t kMostSecrets = 1000;

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  Status status = Status::io_error;
  if (error == EACCES || error == EPERM || error == EROFS) status = Status::permission_denied;
  if (error == ENOSPC || error == EDQUOT) status = Status::resource_exhausted;
  throw Error(status, manifest::escaped(path) + " can't be " + what + ": " + std::strerror(error));
}

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(fs::path(folder).parent_path(), error);
  if (!error && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    error.assign(errno, std::generic_category());
  }
  if (error) fail(folder, "made", error.value());
}

// One writer at a time, among processes and threads.
class WriterLock {
 public:
  explicit WriterLock(const std::string& folder)
      : file_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!file_) fail(folder, "opened", errno);
    while (::flock(file_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) fail(folder, "locked", errno);
    }
  }

 private:
  wire::UniqueFd file_;
};

// A regular file of at most `limit` bytes, which nobody else may read. `gone`: it is not there.
SecretBytes read_private(const std::string& path, std::size_t limit, bool& gone) {
  gone = false;
  const wire::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) {
    gone = errno == ENOENT;
    if (gone) return SecretBytes();
    fail(path, "read", errno);
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(path, "read", errno);
  if (!S_ISREG(facts.st_mode)) {
    throw Error(Status::data_invalid, manifest::escaped(path) + " is no regular file");
  }
  if (facts.st_uid != ::geteuid() || (facts.st_mode & 077) != 0) {
    throw Error(Status::permission_denied,
                manifest::escaped(path) + " is not used: it must belong to you, and nobody else " +
                    "may read or write it (chmod 600)");
  }
  SecretBytes bytes(limit + 1);
  std::size_t size = 0;
  while (size <= limit) {
    const ssize_t got = ::read(file.get(), bytes.span().data() + size, limit + 1 - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "read", errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit) {
    throw Error(Status::data_invalid,
                manifest::escaped(path) + " is larger than what belongs there");
  }
  bytes.shrink(size);
  return bytes;
}

void write_private(const std::string& path, std::string_view bytes) {
  PendingFile file;
  int error = file.begin(path, 0600);
  if (error == 0) error = file.write(std::as_bytes(std::span(bytes)));
  if (error == 0) error = file.commit();
  if (error != 0) fail(path, "written", error);
}

void check_name(const std::string& name) {
  if (manifest::is_id(name)) return;
  throw Error(Status::invalid_argument, "the name of a secret is " +
                                            std::string(manifest::kIdRule) + ", not " +
                                            manifest::quoted(name));
}

// Names of the files, sorted.
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string file = at->path().filename().string();
    if (!file.ends_with(kSuffix)) continue;
    std::string name = file.substr(0, file.size() - kSuffix.size());
    if (manifest::is_id(name)) names.push_back(std::move(name));
  }
  if (error && error != std::errc::no_such_file_or_directory) fail(folder, "listed", error.value());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

SecretStore::SecretStore(const policy::Environment& environment)
    : folder_(policy::secrets_folder(environment)) {
  const char* named = environment ? environment("BULKHEAD_SECRETS_KEY_FILE") : nullptr;
  const std::string config = policy::config_folder(environment);
  if (named != nullptr && *named != '\0') {
    key_file_ = named;
  } else if (!config.empty()) {
    key_file_ = config + "/secrets.key";
  }
}

std::string SecretStore::path(const std::string& name) const {
  return folder_ + "/" + name + std::string(kSuffix);
}

SecretBytes SecretStore::key() const {
  bool gone = false;
  SecretBytes key = read_private(key_file_, kSecretKeyBytes, gone);
  if (gone) {
    throw Error(Status::not_found,
                "there are secrets in " + folder_ + ", but their key " +
                    manifest::escaped(key_file_) +
                    " is not there: bring it back, or set the secrets anew after you removed them");
  }
  if (key.size() != kSecretKeyBytes) {
    throw Error(Status::data_invalid, manifest::escaped(key_file_) + " is no key of Bulkhead: it " +
                                          "must have " + std::to_string(kSecretKeyBytes) +
                                          " bytes, not " + std::to_string(key.size()));
  }
  return key;
}

// The caller holds the writer's lock.
SecretBytes SecretStore::key_or_new() const {
  struct stat facts {};
  if (::lstat(key_file_.c_str(), &facts) == 0 || !names_in(folder_).empty()) return key();
  std::error_code error;
  const fs::path folder = fs::path(key_file_).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) fail(folder.string(), "made", error.value());
  SecretBytes made(kSecretKeyBytes);
  randombytes_buf(made.span().data(), made.size());
  write_private(key_file_, made.view());
  return made;
}

void SecretStore::set(const std::string& name, const SecretBytes& value,
                      const std::vector<manifest::Origin>& origins) {
  check_name(name);
  if (value.size() == 0 || value.size() > kMostBytes) {
    throw Error(Status::invalid_argument, "a secret has 1 to " + std::to_string(kMostBytes) +
                                              " bytes, not " + std::to_string(value.size()));
  }
  if (origins.size() > manifest::kMostPermissions) {
    throw Error(Status::invalid_argument,
                "a secret has at most " + std::to_string(manifest::kMostPermissions) + " origins");
  }
  if (folder_.empty() || key_file_.empty()) {
    throw Error(Status::unavailable,
                "there is no place for secrets: neither HOME nor XDG_DATA_HOME and "
                "XDG_CONFIG_HOME are absolute paths");
  }
  make_folder(folder_);
  const WriterLock lock(folder_);
  const auto names = names_in(folder_);
  if (names.size() >= kMostSecrets && !std::binary_search(names.begin(), names.end(), name)) {
    throw Error(Status::resource_exhausted,
                "there are " + std::to_string(kMostSecrets) + " secrets already");
  }
  SecretFacts facts;
  facts.name = name;
  facts.created = static_cast<std::int64_t>(std::time(nullptr));
  facts.origins = origins;
  write_private(path(name), seal(facts, value, key_or_new()));
}

Secret SecretStore::open(const std::string& name, std::string_view sealed) const {
  std::string problem;
  auto secret = unseal(sealed, key(), problem);
  if (secret && secret->facts.name != name) problem = "holds another secret: it was renamed";
  if (!problem.empty()) {
    throw Error(Status::data_invalid, manifest::escaped(path(name)) + " " + problem +
                                          "; set the secret anew: bulkhead secrets set " + name);
  }
  return std::move(*secret);
}

std::optional<Secret> SecretStore::find(const std::string& name) const {
  if (!manifest::is_id(name) || folder_.empty()) return std::nullopt;
  bool gone = false;
  const SecretBytes sealed = read_private(path(name), kMostSealedBytes, gone);
  if (gone) return std::nullopt;
  return open(name, sealed.view());
}

std::vector<SecretFacts> SecretStore::list() const {
  std::vector<SecretFacts> all;
  if (folder_.empty()) return all;
  for (const std::string& name : names_in(folder_)) {
    try {
      if (const auto secret = find(name)) all.push_back(secret->facts);
    } catch (const Error& error) {
      all.push_back({name, 0, {}, error.what()});
    }
  }
  return all;
}

bool SecretStore::remove(const std::string& name) {
  check_name(name);
  if (folder_.empty() || ::access(folder_.c_str(), F_OK) != 0) return false;
  const WriterLock lock(folder_);
  if (::unlink(path(name).c_str()) != 0) {
    if (errno == ENOENT) return false;
    fail(path(name), "removed", errno);
  }
  const wire::UniqueFd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && ::fsync(folder.get()) != 0) fail(folder_, "made durable", errno);
  return true;
}

}  // namespace bulkhead::host
