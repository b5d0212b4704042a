#include "host/services/command_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "sandbox/keep/job_folder.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;
using sdk::PluginError;

constexpr const char* kTurn = ".turn";  // its lock is held by who starts a command
constexpr const char* kNew = ".new";    // a job's folder that has no intent yet
constexpr const char* kGone = ".gone";  // one that is being removed
constexpr std::size_t kMaxState = 65'536;

[[noreturn]] void io_error(const std::string& what, int error) {
  throw PluginError(BH_IO_ERROR, what + " failed: " + std::strerror(error) +
                                     ". Check the folder's owner, its rights and its disk.");
}

int must(int result, const std::string& what) {
  if (result < 0) io_error(what, errno);
  return result;
}

void remove_all(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) io_error("Removing " + path, error.value());
}

void sync_folder(const std::string& path) {
  const wire::UniqueFd folder = open_folder(path);
  if (folder) must(fsync(folder.get()), "Writing the folder " + path);
}

// What hosts that died in remove_claimed left, or that others are removing right now.
void remove_gone(const std::string& folder) {
  std::error_code ignored;
  std::vector<fs::path> gone;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    if (at->path().filename().string().starts_with(kGone)) gone.push_back(at->path());
  }
  for (const fs::path& path : gone) fs::remove_all(path, ignored);
}

// The lock is held until the folder has no name and its lock file is gone: a keeper that comes late
// can take neither.
bool remove_claimed(const std::string& path, bool also_started) {
  const wire::UniqueFd folder = open_folder(path);
  if (!folder) return true;
  const wire::UniqueFd lock = sandbox::claim(folder.get());
  if (!lock) return !open_folder(path);
  if (!also_started && sandbox::has_file(folder.get(), sandbox::kStartedFile)) return false;
  // Whole or not at all for everybody else; the name is nobody's, so others may be removing theirs.
  const std::string gone = path.substr(0, path.rfind('/') + 1) + kGone + "-" +
                           std::to_string(getpid()) + "-" + path.substr(path.rfind('/') + 1);
  if (rename(path.c_str(), gone.c_str()) != 0) {
    if (errno == ENOENT) return true;
    io_error("Removing " + path, errno);
  }
  remove_all(gone);
  return true;
}

}  // namespace

void make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      io_error("Making the folder " + part, errno);
    }
    if (slash == std::string::npos) break;
  }
  struct stat status {};
  must(lstat(path.c_str(), &status), "Looking at " + path);
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
    throw PluginError(BH_PERMISSION_DENIED, "The folder " + path +
                                                " belongs to another user, or others can write to "
                                                "it: no command is started from there.");
  }
}

wire::UniqueFd open_folder(const std::string& path) {
  wire::UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder && errno != ENOENT) io_error("Opening the folder " + path, errno);
  return folder;
}

std::vector<std::string> names_below(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(".")) names.push_back(name);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    io_error("Reading the folder " + folder, error.value());
  }
  std::sort(names.begin(), names.end());
  return names;
}

wire::UniqueFd take_turn(const sdk::Call& call, const std::string& folder) {
  const std::string path = folder + "/" + kTurn;
  wire::UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) io_error("Opening " + path, errno);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  while (fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) io_error("Locking " + path, errno);
    call.check();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return file;
}

void make_job_folder(const std::string& folder, const std::string& key, const std::string& intent) {
  const std::string fresh = folder + "/" + kNew;
  remove_all(fresh);  // of a host that died here; nobody else has its turn
  remove_gone(folder);
  must(mkdir(fresh.c_str(), 0700), "Making the folder " + fresh);
  const wire::UniqueFd job = open_folder(fresh);
  const wire::UniqueFd lock(
      openat(job.get(), sandbox::kLockFile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  must(lock.get(), "Making a file in " + fresh);
  if (const int error = sandbox::write_whole(job.get(), sandbox::kIntentFile, intent)) {
    io_error("Writing the intent of a command to " + fresh, error);
  }
  const std::string path = folder + "/" + key;
  must(rename(fresh.c_str(), path.c_str()), "Making the folder " + path);
  sync_folder(folder);
}

bool remove_job(const std::string& path) { return remove_claimed(path, true); }
bool remove_unstarted(const std::string& path) { return remove_claimed(path, false); }

std::string read_part(int folder, const char* name, std::uint64_t from, std::uint64_t most) {
  const wire::UniqueFd file(openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};
  must(file.get(), std::string("Reading ") + name);
  struct stat status {};
  must(fstat(file.get(), &status), std::string("Reading ") + name);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (from >= size) return {};
  std::string bytes(static_cast<std::size_t>(std::min(most, size - from)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = pread(file.get(), bytes.data() + done, bytes.size() - done,
                              static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    must(static_cast<int>(got), std::string("Reading ") + name);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

nlohmann::json read_json(int folder, const char* name) {
  if (!sandbox::has_file(folder, name)) {
    throw PluginError(BH_NOT_FOUND, "The command is being destroyed.");
  }
  nlohmann::json value =
      nlohmann::json::parse(read_part(folder, name, 0, kMaxState), nullptr, false);
  if (!value.is_object()) {
    throw PluginError(BH_DATA_INVALID, std::string("The state of the command is damaged (") + name +
                                           " is no JSON object); destroy it.");
  }
  return value;
}

std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, 256)) {
    out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? '?' : c;
  }
  return out;
}

}  // namespace bulkhead::host
