// The report, the command line, the comparison of both isolations, and the page.
#include <stdio.h>
#include <sys/wait.h>

#include <sstream>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/check/packages.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;
using check::Result;
using nlohmann::json;

struct Ran {
  int exit = -1;
  std::string out;
};

Ran run_program(const std::string& arguments) {
  Ran ran;
  const TempFolder state;
  const std::string command = "XDG_STATE_HOME=" + state.path().string() + " " + BULKHEAD_PROGRAM +
                              " " + arguments + " 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (const std::size_t size = fread(buffer, 1, sizeof buffer, pipe))
    ran.out.append(buffer, size);
  ran.exit = WEXITSTATUS(pclose(pipe));
  return ran;
}

json result_of(const json& report, const std::string& name) {
  for (const json& one : report["cases"]) {
    if (one["name"] == name) return one;
  }
  return nullptr;
}

TEST_CASE("a plugin that is the same in both isolations passes") {
  const Ran ran =
      run_program("check --in-process --only isolation --json " + broken("").folder().string());
  INFO(ran.out);
  REQUIRE(ran.exit == 0);
  const json one = result_of(json::parse(ran.out), "isolation.equal");
  CHECK(one["result"] == "ok");
  CHECK(one["figures"]["answers"] > 100);
}

TEST_CASE("a plugin that is different in process fails, and so does one that ends its process") {
  for (const auto& [rule, words] : std::vector<std::pair<std::string, std::string>>{
           {"isolation.equal", "in process"}, {"isolation.crash", "signal 6"}}) {
    const Package package = broken(rule);
    const Ran ran =
        run_program("check --in-process --only isolation --json " + package.folder().string());
    INFO(ran.out);
    CHECK(ran.exit == 1);
    const json one =
        result_of(json::parse(ran.out.substr(0, ran.out.find('\n'))), "isolation.equal");
    CHECK(one["result"] == "failed");
    CHECK(one["seen"].get<std::string>().find(words) != std::string::npos);
  }
}

TEST_CASE("the report is for a person, or for a program") {
  const Package bad = broken("codec.count");
  const Ran text = run_program("check --only codec " + bad.folder().string());
  CHECK(text.exit == 1);
  for (const char* words : {"failed  codec.count", "seen  of \"hello, world\"", "9 ok, 1 failed"}) {
    INFO(text.out);
    CHECK(text.out.find(words) != std::string::npos);
  }
  CHECK(text.out.find('\x1b') == std::string::npos);

  const Ran good = run_program("check --only codec.count --json " + broken("").folder().string());
  REQUIRE(good.exit == 0);
  const json report = json::parse(good.out);
  CHECK(report["id"] == "broken");
  CHECK(report["ok"] == 1);
  for (const char* key : {"name", "result", "explanation", "contract", "seen", "advice", "figures"})
    CHECK(report["cases"][0].contains(key));
}

TEST_CASE("a command line that is wrong says so") {
  CHECK(run_program("check").exit == 2);
  CHECK(run_program("check /no/such/folder").exit == 3);
  CHECK(run_program("check --json --only codec.roundtrip " + broken("").folder().string())
            .out.find("codec.round_trip") != std::string::npos);
  CHECK(run_program("check --config nothing=1 " + broken("").folder().string()).exit == 2);
}

TEST_CASE("the page has every case, as the program lists them") {
  const std::string page = read_file(BULKHEAD_CHECK_PAGE);
  std::string table;
  for (const check::CaseInfo& one : check::list_cases())
    table += std::string("| `") + one.name + "` | " + one.explanation + " |\n";
  INFO(table);
  CHECK(page.find(table) != std::string::npos);
}

TEST_CASE("calls of check.toml are made, with their files") {
  const Package package = broken("");
  package.write("check/check.toml",
                "check = 1\n[[call]]\nmethod = \"encode\"\nparams = '{\"text\": \"mine\"}'\n");
  const auto before = check_package(broken("").folder(), {"call.answers"});
  const auto after = check_package(package.folder(), {"call.answers"});
  REQUIRE(after.count(Result::ok) == 1);
  // The call, and the codec's own cases take its text.
  CHECK(after.cases[0].figures[0].second == before.cases[0].figures[0].second + 1);
  package.write("check/check.toml",
                "check = 1\n[[call]]\nmethod = \"decode\"\nparams = '{\"ids\": [999]}'\n");
  CHECK(names(check_package(package.folder(), {"call.answers"}), Result::failed) ==
        std::set<std::string>{"call.answers"});
}

}  // namespace
}  // namespace bulkhead::test
