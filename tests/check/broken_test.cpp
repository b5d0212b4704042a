// For each rule a plugin that breaks it: check names exactly that one.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/check/packages.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using check::Result;
using Names = std::set<std::string>;

// What broken.cpp breaks.
const std::vector<std::string> kCodecRules = {
    "abi.interfaces", "open.config",      "open.many",           "log.quiet",
    "call.answers",   "call.survives",    "call.huge",           "call.ownership",
    "call.status",    "call.exceptions",  "call.error_text",     "call.determinism",
    "call.threads",   "call.deadline",    "call.cancel",         "call.leak",
    "close.memory",   "close.threads",    "close.descriptors",   "codec.round_trip",
    "codec.count",    "codec.max_tokens", "codec.offsets",       "codec.pieces",
    "codec.batches",  "codec.streams",    "codec.closed_stream", "codec.unknown_id",
    "codec.info"};

// All cases but those that take seconds, unless the rule is one of them.
std::vector<std::string> cases_for(const std::string& rule) {
  std::vector<std::string> cases = {rule};
  for (const check::CaseInfo& one : check::list_cases()) {
    const std::string name = one.name;
    const bool slow = name == "call.leak" || name == "call.huge" || name.starts_with("close.");
    if (!slow && name != rule) cases.push_back(name);
  }
  return cases;
}

TEST_CASE("a codec that breaks one rule fails in that case alone") {
  const std::string rule = GENERATE(from_range(kCodecRules));
  DYNAMIC_SECTION(rule) {
    const Package package = broken(rule);
    const check::Report report = check_package(package.folder(), cases_for(rule));
    CHECK(names(report, Result::failed) == Names{rule});
    for (const check::CaseReport& one : report.cases) {
      if (one.result != Result::failed) continue;
      INFO(one.seen << " / " << one.advice);
      CHECK_FALSE(one.seen.empty());
      CHECK_FALSE(one.advice.empty());
    }
  }
}

TEST_CASE("what can't be loaded fails in the case that says why") {
  const std::vector<std::pair<std::string, Names>> faulty = {
      {"no_symbol/1.0.0", {"abi.entry", "elf.exports"}},
      {"null_descriptor/1.0.0", {"abi.descriptor"}},
      {"bad_magic/1.0.0", {"abi.descriptor"}},
      {"short_struct/1.0.0", {"abi.descriptor"}},
      {"id_mismatch/1.0.0", {"abi.descriptor"}},
      {"too_new/1.0.0", {"abi.version"}},
      {"too_old/1.0.0", {"abi.version"}},
      {"wrong_sanitizer/1.0.0", {"abi.version"}},
      {"no_interface/1.0.0", {"abi.interfaces"}},
      {"needs_service/1.0.0", {"abi.services"}},
      {"crash_ctor/1.0.0", {"start.loads"}},
      {"refuse_open/1.0.0", {"open.defaults"}},
      {"missing_dep/1.0.0", {"elf.needed"}}};
  for (const auto& [folder, rules] : faulty) {
    INFO(folder);
    const auto report = check_package(fs::path(BULKHEAD_FAULTY_PACKAGES) / folder);
    CHECK(names(report, Result::failed) == rules);
  }
}

TEST_CASE("a package that breaks a rule fails in that case alone") {
  const auto failed = [](const Package& package) {
    return names(check_package(package.folder(), {"manifest", "package", "elf", "start"}),
                 Result::failed);
  };
  const Package good = broken("");
  REQUIRE(failed(good) == Names{});

  SECTION("manifest") {
    good.write("plugin.toml", "manifest = 1\nplugin = 3\n");
    CHECK(failed(good) == Names{"manifest.valid"});
  }
  SECTION("description") {
    good.replace("plugin.toml", "license = \"Apache-2.0\"", "");
    CHECK(failed(good) == Names{"manifest.described"});
  }
  SECTION("entry") {
    fs::remove(good.folder() / "lib/broken.so");
    CHECK(failed(good) == Names{"package.files"});
  }
  SECTION("link") {
    fs::create_symlink("/etc/passwd", good.folder() / "passwd");
    CHECK(failed(good) == Names{"package.files"});
  }
  SECTION("written by everyone") {
    good.write("data/table", "1");
    chmod((good.folder() / "data/table").c_str(), 0666);
    CHECK(failed(good) == Names{"package.files"});
  }
  SECTION("set-user-id") {
    good.write("data/table", "1");
    chmod((good.folder() / "data/table").c_str(), 04755);
    CHECK(failed(good) == Names{"package.files"});
  }
  SECTION("unreadable") {
    good.write("data/table", "1");
    chmod((good.folder() / "data/table").c_str(), 0600);
    CHECK(failed(good) == Names{"package.files"});
  }
  SECTION("inputs") {
    good.write("check/check.toml", "check = 1\n[[call]]\nmethod = \"encod\"\n");
    CHECK(failed(good) == Names{"package.inputs"});
  }
  SECTION("size") {
    good.write("data/table", "1");
    fs::resize_file(good.folder() / "data/table", 1'100'000'000);  // sparse
    const auto report = check_package(good.folder(), {"package.size"});
    CHECK(names(report, Result::failed) == Names{"package.size"});
  }
  SECTION("one more symbol") {
    fs::copy_file(BROKEN_EXPORTS, good.folder() / "lib/broken.so",
                  fs::copy_options::overwrite_existing);
    CHECK(failed(good) == Names{"elf.exports"});
  }
  SECTION("no library") {
    good.write("lib/broken.so", std::string(4096, 'x'));
    CHECK(failed(good) == Names{"elf.library"});
  }
  SECTION("symbols of a newer system") {
    good.replace("lib/broken.so", "GLIBC_2.", "GLIBC_9.");
    CHECK(failed(good) == Names{"elf.floor"});
  }
}

TEST_CASE("files that are cut off or wrong in their headers are looked at without harm") {
  const Package good = broken("");
  const std::string library = good.content("lib/broken.so");
  for (std::size_t size = 0; size < library.size(); size += library.size() / 23 + 1) {
    good.write("lib/broken.so", library.substr(0, size));
    CHECK(names(check_package(good.folder(), {"elf"}), Result::failed).contains("elf.library"));
  }
  for (std::size_t at = 0; at < 64; ++at) {
    std::string other = library;
    other[at] = static_cast<char>(~other[at]);
    good.write("lib/broken.so", other);
    check_package(good.folder(), {"elf"});
  }
}

// Every case is red somewhere: in this file, or as said here.
TEST_CASE("no case is without a plugin that breaks it") {
  Names tested(kCodecRules.begin(), kCodecRules.end());
  for (const char* here :
       {"manifest.valid", "manifest.described", "package.files", "package.size", "package.inputs",
        "elf.library", "elf.exports", "elf.needed", "elf.floor", "start.loads", "abi.entry",
        "abi.descriptor", "abi.version", "abi.services", "open.defaults",
        "start.time",        // a figure: what is slower than the limit does not load
        "isolation.equal"})  // report_test.cpp
    tested.insert(here);
  for (const check::CaseInfo& one : check::list_cases()) {
    const std::string name = one.name, group = name.substr(0, name.find('.'));
    const bool kind =
        Names{"multimodal", "compression", "command", "events", "state", "trainer"}.contains(
            group);  // kinds_test.cpp
    INFO(name);
    CHECK((kind || tested.contains(name)));
  }
}

}  // namespace
}  // namespace bulkhead::test
