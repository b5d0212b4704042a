// What a cell finds around itself, at the level that this machine gives.
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>

#include "tests/sandbox/test_launcher.hpp"

namespace bulkhead::test {
namespace {

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("a cell has four descriptors and no environment") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  const TestCell other(*launcher, package.path());  // its descriptors stay its own
  TestCell cell(*launcher, package.path());
  CHECK(words(cell.tell("descriptors")) == std::vector<std::string>{"0", "1", "2", "3"});
  CHECK(cell.tell("environment") == "empty");
}

TEST_CASE("a cell reads its package and writes nothing") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  const std::string root = cell.process().root;
  CHECK(cell.tell("read " + root + "/data.txt") == "data of the package");
  CHECK(cell.tell("write " + root + "/data.txt") == "EACCES");
  CHECK(cell.tell("write " + root + "/new.txt") == "EACCES");
  CHECK(cell.tell("write /new.txt") == "EACCES");
  CHECK_FALSE(std::filesystem::exists(package.path() + "/new.txt"));
}

TEST_CASE("a private root holds the package and the system's libraries") {
  const auto launcher = launcher_at(2);
  if (!launcher) return;
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  CHECK(cell.process().root == "/package");
  CHECK(cell.tell("open /etc/passwd") == "ENOENT");
  CHECK(cell.tell("open /proc/self/maps") == "ENOENT");
  CHECK(cell.tell("open /dev/null") == "ENOENT");
  CHECK(cell.tell("open /package/../../../etc/passwd") == "ENOENT");
  CHECK(cell.tell("open " + package.path() + "/data.txt") == "ENOENT");
  CHECK(cell.tell("mount /package") == "read-only nosuid nodev ");
  CHECK(cell.tell("mount /usr/lib") == "read-only nosuid nodev ");
  CHECK(cell.tell("mount /") == "read-only nosuid nodev ");
  CHECK(cell.tell("list /package") == "data.txt ");
  CHECK(cell.tell("identity") == "1000 1000 2");
}

TEST_CASE("Landlock holds where the root alone would not") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  TestCell cell(*launcher, package.path());
  // Everybody may read it, at every level; the rules name folders below it.
  CHECK(cell.tell("list /") == "EACCES");
}

TEST_CASE("a package that only root can read is a sentence, or a lower level") {
  if (geteuid() != 0) return;  // the cell is the same user
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  std::filesystem::permissions(package.path(), std::filesystem::perms(0700));
  sandbox::CellRequest request;
  request.package_folder = package.path();
  if (launcher->probe_level().number >= 2) {
    CHECK_THROWS_WITH(launcher->spawn(request), Catch::Matchers::Contains("chmod -R o+rX") &&
                                                    Catch::Matchers::Contains(package.path()));
    return;
  }
  const auto missing = launcher->spawn(request).level.missing;
  CHECK(std::any_of(missing.begin(), missing.end(),
                    [](const std::string& text) { return text.starts_with("unprivileged user"); }));
}

TEST_CASE("a link in the package does not lead out of it") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  std::filesystem::create_symlink("/etc/passwd", package.path() + "/passwd");
  TestCell cell(*launcher, package.path());
  const std::string answer = cell.tell("open " + cell.process().root + "/passwd");
  CHECK(answer == (cell.process().level.number >= 2 ? "ENOENT" : "EACCES"));
}

TEST_CASE("limits on memory, descriptors and threads hold") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  sandbox::CellRequest request;
  request.package_folder = package.path();
  request.limits = {std::uint64_t{256} << 20, 5, 20};
  TestCell cell(*launcher, request);
  CHECK(cell.tell("allocate 16777216") == "ok");
  CHECK(cell.tell("allocate 536870912") == "ENOMEM");
  if (cell.process().level.number >= 2) {
    CHECK(cell.tell("threads") == "5");
    // Another cell of the same user has its own count.
    TestCell other(*launcher, request);
    CHECK(other.tell("threads") == "5");
  }
  CHECK(cell.tell("descriptor-flood") == "EMFILE");
}

TEST_CASE("the level names what is enforced and what is missing") {
  const auto launcher = launcher_at(1);
  if (!launcher) return;
  const PackageFolder package;
  const TestCell cell(*launcher, package.path());
  const sandbox::Level& level = cell.process().level;
  const sandbox::Level probed = launcher->probe_level();
  CHECK(level.number == probed.number);
  CHECK(level.enforced == probed.enforced);
  CHECK(level.missing == probed.missing);
  CHECK_FALSE(level.missing.empty());  // level 3 is not built yet
  const auto names = [&](const std::string& word) {
    return std::any_of(level.enforced.begin(), level.enforced.end(),
                       [&](const std::string& text) { return text.find(word) != text.npos; });
  };
  CHECK(names("seccomp"));
  CHECK(names("Landlock"));
  CHECK(names("namespaces") == (level.number >= 2));
}

}  // namespace bulkhead::test
