#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sdk/wire/package_data.hpp"

using bulkhead::wire::PackageData;

namespace {

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "data.XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

bh_status find(const PackageData& data, const std::string& name, bh_bytes& bytes) {
  return data.bh_package_v1::file(&data, {name.data(), name.size()}, &bytes);
}

}  // namespace

TEST_CASE("files of a package are found by their path below data") {
  const Folder folder;
  std::filesystem::create_directories(folder.path / "a" / "b");
  std::ofstream(folder.path / "a" / "b" / "c") << "hello";
  std::ofstream(folder.path / "empty");
  const PackageData data(folder.path.string());
  bh_bytes bytes{};
  REQUIRE(find(data, "a/b/c", bytes) == BH_OK);
  CHECK(std::string(reinterpret_cast<const char*>(bytes.data), bytes.size) == "hello");
  REQUIRE(find(data, "empty", bytes) == BH_OK);
  CHECK(bytes.size == 0);
  CHECK(find(data, "a/b", bytes) == BH_NOT_FOUND);
  CHECK(find(data, "../a/b/c", bytes) == BH_NOT_FOUND);
}

TEST_CASE("a package without data has no files") {
  bh_bytes bytes{};
  CHECK(find(PackageData(""), "x", bytes) == BH_NOT_FOUND);
  CHECK(find(PackageData("/does/not/exist"), "x", bytes) == BH_NOT_FOUND);
}

TEST_CASE("a link in the data is refused, also to a file inside") {
  const Folder folder;
  std::ofstream(folder.path / "real") << "x";
  std::filesystem::create_symlink("real", folder.path / "link");
  CHECK_THROWS_WITH(PackageData(folder.path.string()), Catch::Contains("symbolic link"));
}

TEST_CASE("a pipe in the data is refused, and nothing waits for it") {
  const Folder folder;
  REQUIRE(mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(PackageData(folder.path.string()), Catch::Contains("neither"));
}
