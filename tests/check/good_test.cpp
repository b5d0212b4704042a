// Plugins that keep the contract pass all cases: none of them cries wolf.
#include <catch2/catch.hpp>

#include "tests/check/packages.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using check::Result;

std::string problems(const check::Report& report) {
  std::string text;
  for (const check::CaseReport& one : report.cases) {
    if (one.result == Result::failed) text += one.name + ": " + one.seen + "\n";
  }
  return text;
}

// The ways in which a case may say nothing; all others are a hole in the test.
bool expected_skip(const check::CaseReport& one) {
  for (const char* why :
       {"there is no check/check.toml", "the plugin has no configuration",
        "not asked for: --in-process", "the plugin is an executable", "the entry is a script",
        "is unsupported: ", "stream_open: there is no such method", "has no method 6 of",
        "check/check.toml has no call", "no call is known that the plugin must refuse",
        "no planned call"}) {
    if (one.seen.find(why) != std::string::npos) return true;
  }
  return false;
}

void must_be_good(const fs::path& folder) {
  INFO(folder.string());
  const check::Report report = check_package(folder);
  CHECK(problems(report) == "");
  for (const check::CaseReport& one : report.cases) {
    INFO(one.name << ": " << one.seen);
    if (one.result == Result::skipped) CHECK(expected_skip(one));
  }
}

TEST_CASE("the first-party plugins pass") {
  for (const char* id : {"en_gpt2", "linear", "loader", "local", "quantize"}) {
    const fs::path folder = fs::path(BULKHEAD_BUILT_PLUGINS) / id;
    if (!fs::exists(folder / "1.0.0" / "lib")) {
      WARN(std::string(id) + " was not built");
      continue;
    }
    must_be_good(folder / "1.0.0");
  }
}

TEST_CASE("a codec that breaks no rule passes") { must_be_good(broken("").folder()); }

TEST_CASE("plugins that are executables pass") {
  for (const char* id : {"exec_cpp", "exec_python"}) {
    if (std::string(id) == "exec_python" && !fs::exists("/usr/bin/python3")) continue;
    must_be_good(fs::path(BULKHEAD_EXEC_PACKAGES) / id / "1.0.0");
  }
}

TEST_CASE("the first plugin of the guide passes") {
  must_be_good(fs::path(BULKHEAD_EXEC_PACKAGES) / "first_plugin" / "1.0.0");
}

TEST_CASE("an interface that nobody knows is not called") {
  if (!fs::exists("/usr/bin/python3")) {
    WARN("there is no python3");
    return;
  }
  const Package package(fs::path(BULKHEAD_EXEC_PACKAGES) / "exec_python" / "1.0.0");
  package.replace("plugin.toml", "bulkhead.codec/1", "somebody.else/1");
  package.replace("bin/exec_python.py", "!= \"bulkhead.codec/1\"", "!= \"somebody.else/1\"");
  package.replace("bin/exec_python.py", "[\"bulkhead.codec/1\"]", "[\"somebody.else/1\"]");
  const auto report = check_package(package.folder(), {"abi", "open", "call"});
  CHECK(problems(report) == "");
  for (const check::CaseReport& one : report.cases) {
    if (one.name != "call.answers") continue;
    CHECK(one.result == Result::skipped);
    CHECK(one.seen == "no interface of the plugin is one that this version knows");
  }
}

}  // namespace
}  // namespace bulkhead::test
