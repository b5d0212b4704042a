#include "registry/manifest/text_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <catch2/catch.hpp>

#include "sdk/wire/unique_fd.hpp"
#include "tests/fixture/temp_folder.hpp"
#include "tests/manifest/file_error.hpp"

using bulkhead::manifest::kLargestTextFile;
using bulkhead::manifest::read_text_file;
using bulkhead::test::TempFolder;

namespace {

std::string operator/(const TempFolder& folder, const char* name) {
  return (folder.path() / name).string();
}

}  // namespace

TEST_CASE("a regular file is read whole") {
  const TempFolder folder;
  folder.write("a.toml", std::string(kLargestTextFile, 'x'));
  CHECK(read_text_file(folder / "a.toml")->size() == kLargestTextFile);
  folder.write("empty.toml", "");
  CHECK(read_text_file(folder / "empty.toml") == "");
}

TEST_CASE("a file that is not there is told apart from one that can't be read") {
  const TempFolder folder;
  CHECK_FALSE(read_text_file(folder / "none.toml"));
  folder.write("file", "x");
  CHECK_FALSE(read_text_file(folder / "file/none.toml"));
}

TEST_CASE("a file above 1 MiB is refused") {
  const TempFolder folder;
  folder.write("big.toml", std::string(kLargestTextFile + 1, 'x'));
  CHECK(error_of([&] { read_text_file(folder / "big.toml"); }) ==
        (folder / "big.toml") + ": is larger than 1 MiB");
}

TEST_CASE("what is no regular file is refused without waiting for it") {
  const TempFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(error_of([&] { read_text_file(folder / "pipe"); }) ==
        (folder / "pipe") + ": is a pipe, not a regular file");
  CHECK(error_of([&] { read_text_file(folder / "."); }) ==
        (folder / ".") + ": is a folder, not a regular file");
  CHECK(error_of([] { read_text_file("/dev/zero"); }) ==
        "/dev/zero: is a device, not a regular file");

  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = folder / "s";
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const bulkhead::wire::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(error_of([&] { read_text_file(path); }) == path + ": is a socket, not a regular file");
}

TEST_CASE("a file without permission gives the system's reason") {
  const TempFolder folder;
  folder.write("secret.toml", "x");
  std::filesystem::permissions(folder / "secret.toml", std::filesystem::perms::none);
  // Root may read everything, so for this file root is another user.
  constexpr uid_t kNobody = 65534;
  const uid_t user = ::geteuid();
  if (user == 0) REQUIRE(::seteuid(kNobody) == 0);
  const std::string error = error_of([&] { read_text_file(folder / "secret.toml"); });
  REQUIRE(::seteuid(user) == 0);
  CHECK(error == (folder / "secret.toml") + ": can't be opened: Permission denied");
}

TEST_CASE("a link that leads to itself gives the system's reason") {
  const TempFolder folder;
  std::filesystem::create_symlink("loop", folder / "loop");
  CHECK(error_of([&] { read_text_file(folder / "loop"); }) ==
        (folder / "loop") + ": can't be opened: Too many levels of symbolic links");
}
