#include "host/check/scratch.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <bulkhead/host.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::check {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw Error(Status::io_error,
              "could not " + what + " " + path + ": " + std::strerror(errno) + ".");
}

}  // namespace

Scratch::Scratch() {
  std::error_code error;
  std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) parent = "/tmp";
  folder_ = (parent / "bulkhead-check-XXXXXX").string();
  if (mkdtemp(folder_.data()) == nullptr) fail("make the folder", folder_);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Scratch::write(const std::string& name, std::string_view content) const {
  const std::string file = path(name);
  std::ofstream stream(file, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) fail("write", file);
  return file;
}

std::string read_file(const std::string& path, std::size_t limit) {
  const wire::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) fail("open", path);
  std::string content;
  char buffer[65536];
  while (true) {
    const ssize_t size = read(fd.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail("read", path);
    if (size == 0) return content;
    content.append(buffer, static_cast<std::size_t>(size));
    if (content.size() > limit) {
      throw Error(Status::resource_exhausted, path + " is larger than " + std::to_string(limit) +
                                                  " bytes, the most that is looked at.");
    }
  }
}

}  // namespace bulkhead::check
