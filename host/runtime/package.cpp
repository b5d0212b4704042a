#include "host/runtime/package.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <bulkhead/host.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "registry/manifest/words.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 16384;
constexpr std::size_t kMaxPackages = 4096;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
      throw Error(Status::internal, "OpenSSL can't compute sha256");
    }
  }
  void update(std::string_view bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  std::string finish() {
    std::string digest(32, '\0');
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw Error(Status::io_error, "the package's file " + path.string() + " " + why);
}

std::string hash_file(const fs::path& path) {
  const wire::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) refuse(path, std::string("can't be read: ") + std::strerror(errno));
  struct stat status {};
  if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) refuse(path, "is no regular file");
  Sha256 hash;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) refuse(path, std::string("can't be read: ") + std::strerror(errno));
    if (size == 0) return hash.finish();
    hash.update({buffer.data(), static_cast<std::size_t>(size)});
  }
}

bool has_entry(const fs::path& path) {
  std::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

// Of a manifest in FOLDER/ID/VERSION: what contradicts these names, or nothing. What a person sees
// in the file system is then what is loaded.
std::string contradiction(const fs::path& folder, const manifest::Manifest& manifest) {
  const std::string id = folder.parent_path().filename().string();
  const std::string version = folder.filename().string();
  const std::string own = manifest.version.text();
  if (id == manifest.id && version == own) return {};
  return manifest.file + " says that the plugin is " + manifest.id + " " + own +
         ", but its folder is named for " + manifest::escaped(id) + " " +
         manifest::escaped(version) +
         ": a package lies in <id>/<version>/; rename the folder or "
         "correct the manifest";
}

void add_package(const fs::path& folder, std::vector<Package>& packages, bool versioned = false) {
  if (packages.size() >= kMaxPackages) return;
  Package package{folder.string(), std::nullopt, ""};
  try {
    package.manifest = manifest::Manifest::read(package.folder);
  } catch (const std::exception& error) {
    package.error = error.what();
  }
  if (versioned && package.manifest) {
    package.error = contradiction(folder, *package.manifest);
    if (!package.error.empty()) package.manifest.reset();
  }
  packages.push_back(std::move(package));
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) found.push_back(at->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool before(const Package& left, const Package& right) {
  if (!left.manifest || !right.manifest) return left.manifest.has_value();
  if (left.manifest->id != right.manifest->id) return left.manifest->id < right.manifest->id;
  return left.manifest->version < right.manifest->version;
}

}  // namespace

std::vector<Package> find_packages(const std::vector<std::string>& folders) {
  std::vector<Package> packages;
  for (const std::string& folder : folders) {
    if (has_entry(fs::path(folder) / "plugin.toml")) {
      add_package(folder, packages);
      continue;
    }
    for (const fs::path& plugin : folders_in(folder)) {
      if (has_entry(plugin / "plugin.toml")) {
        add_package(plugin, packages);
        continue;
      }
      bool any = false;
      for (const fs::path& version : folders_in(plugin)) {
        if (!has_entry(version / "plugin.toml")) continue;
        add_package(version, packages, true);
        any = true;
      }
      // A library without a manifest is somebody's mistake, so it is shown, not skipped.
      if (!any && has_entry(plugin / "lib")) add_package(plugin, packages);
    }
  }
  std::stable_sort(packages.begin(), packages.end(), before);
  return packages;
}

std::string hash_package(const std::string& folder) {
  std::vector<std::string> lines;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    const fs::file_status status = at->symlink_status(ignored);
    if (status.type() == fs::file_type::directory) continue;
    if (status.type() != fs::file_type::regular) refuse(at->path(), "is a link or a device");
    if (lines.size() >= kMaxFiles) refuse(at->path(), "is one too many: a package has 16384");
    const std::string name = at->path().lexically_relative(folder).string();
    lines.push_back(name + '\0' + std::to_string(fs::file_size(at->path(), ignored)) + '\0' +
                    hash_file(at->path()));
  }
  if (error) refuse(folder, "can't be listed: " + error.message());
  std::sort(lines.begin(), lines.end());
  Sha256 hash;
  hash.update("bulkhead package 1\n");
  for (const std::string& line : lines) {
    hash.update(std::to_string(line.size()) + ":");
    hash.update(line);
  }
  return hash.finish();
}

std::string hexadecimal(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

}  // namespace bulkhead::host
