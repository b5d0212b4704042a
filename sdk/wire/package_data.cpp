#include "sdk/wire/package_data.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::wire {
namespace {

constexpr std::size_t kMaxFiles = 4096;
constexpr int kMaxDepth = 16;

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw std::runtime_error("the package's data file '" + name + "' can't be used: " + why);
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

bh_bytes map_file(int fd, const std::string& name, std::size_t size) {
  static const std::uint8_t empty = 0;
  if (size == 0) return {&empty, 0};
  void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) refuse(name, std::strerror(errno));
  return {static_cast<const std::uint8_t*>(memory), size};
}

}  // namespace

PackageData::PackageData(const std::string& folder)
    : bh_package_v1{sizeof(bh_package_v1), 0, &PackageData::file} {
  if (folder.empty()) return;
  const UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) {
    if (errno == ENOENT) return;
    refuse(folder, std::strerror(errno));
  }
  map_folder(fd.get(), "", 0);
}

PackageData::~PackageData() {
  for (const auto& [name, bytes] : files_) {
    if (bytes.size > 0) munmap(const_cast<std::uint8_t*>(bytes.data), bytes.size);
  }
}

void PackageData::map_folder(int folder, const std::string& prefix, int depth) {
  if (depth > kMaxDepth) refuse(prefix, "its folders are nested more than 16 deep");
  const int duplicate = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, CloseFolder> entries(duplicate < 0 ? nullptr : fdopendir(duplicate));
  if (entries == nullptr) refuse(prefix, std::strerror(errno));
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view leaf = entry->d_name;
    if (leaf == "." || leaf == "..") continue;
    const std::string name = prefix + std::string(leaf);
    const UniqueFd fd(
        openat(folder, entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) refuse(name, errno == ELOOP ? "it is a symbolic link" : std::strerror(errno));
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) refuse(name, std::strerror(errno));
    if (S_ISDIR(status.st_mode)) {
      map_folder(fd.get(), name + "/", depth + 1);
    } else if (S_ISREG(status.st_mode)) {
      if (files_.size() >= kMaxFiles) refuse(name, "the package has more than 4096 data files");
      files_.emplace(name, map_file(fd.get(), name, static_cast<std::size_t>(status.st_size)));
    } else {
      refuse(name, "it is neither a regular file nor a folder");
    }
  }
}

bh_status PackageData::file(const bh_package_v1* self, bh_text name, bh_bytes* out) {
  const auto& files = static_cast<const PackageData*>(self)->files_;
  const auto found = files.find(std::string_view(name.data, name.size));
  if (found == files.end()) return BH_NOT_FOUND;
  *out = found->second;
  return BH_OK;
}

}  // namespace bulkhead::wire
