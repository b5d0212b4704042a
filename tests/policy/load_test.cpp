#include <stdlib.h>

#include <filesystem>
#include <map>
#include <catch2/catch.hpp>

#include "host/policy/policy.hpp"
#include "tests/fixture/temp_folder.hpp"
#include "tests/manifest/file_error.hpp"

using namespace bulkhead::policy;
using bulkhead::test::TempFolder;

namespace {

using Variables = std::map<std::string, std::string>;

Environment environment(Variables variables) {
  return [variables = std::move(variables)](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

// What a policy file with this text and these variables give.
Policy load(const std::string& text, const Variables& variables) {
  const TempFolder folder;
  return Policy::load(folder.write("p.toml", text).string(), environment(variables));
}

std::string error(const Variables& variables) {
  return error_of([&] { load("policy = 1\n", variables); });
}

constexpr const char* kInProcess = "policy = 1\n[isolation]\ndefault = 'in-process'\n";

}  // namespace

TEST_CASE("the file that the program names is read, and must be there") {
  const TempFolder folder;
  const std::string file = folder.write("p.toml", kInProcess).string();
  const Policy policy = Policy::load(file, environment({{"BULKHEAD_POLICY", "/none"}}));
  CHECK(policy.file == file);
  CHECK(policy.default_mode == Mode::in_process);
  const std::string missing = (folder.path() / "none.toml").string();
  CHECK(error_of([&] { Policy::load(missing, environment({})); }) ==
        missing + ": there is no such policy file; it is named by the program's options");
}

TEST_CASE("the file that BULKHEAD_POLICY names is read, and must be there") {
  const TempFolder folder;
  const std::string file = folder.write("p.toml", kInProcess).string();
  CHECK(Policy::load("", environment({{"BULKHEAD_POLICY", file}})).file == file);
  CHECK_THAT(error_of([&] {
               Policy::load("", environment({{"BULKHEAD_POLICY", file + "x"}}));
             }),
             Catch::EndsWith("it is named by the variable BULKHEAD_POLICY"));
}

TEST_CASE("the user's file is found, and a bad one is an error") {
  const TempFolder folder;
  const auto file = folder.write("bulkhead/bulkhead.toml", kInProcess);
  const auto user = environment({{"XDG_CONFIG_HOME", folder.path().string()}});
  CHECK(Policy::load("", user).file == file.string());
  CHECK(Policy::load("", user).decide("x").reason ==
        "isolation.default in " + file.string() + ":3");
  folder.write("bulkhead/bulkhead.toml", "policy = 9\n");
  CHECK_THAT(error_of([&] { Policy::load("", user); }), Catch::Contains("has format 9"));
}

TEST_CASE("folders are absolute, those of BULKHEAD_PLUGIN_PATH first") {
  const TempFolder folder;
  const std::string file =
      folder.write("p.toml", "policy = 1\n[plugins]\nfolders = ['plugins', '/usr/x']\n").string();
  const std::string base = folder.path().string();
  CHECK(Policy::load(file, environment({})).plugin_folders ==
        std::vector<std::string>{base + "/plugins", "/usr/x"});
  const auto here = std::filesystem::current_path();
  CHECK(Policy::load(file, environment({{"BULKHEAD_PLUGIN_PATH", "/a::b/c:"}})).plugin_folders ==
        std::vector<std::string>{"/a", (here / "b/c").string(), base + "/plugins", "/usr/x"});
}

TEST_CASE("a file that names no folders leaves the usual ones, an empty list none") {
  const Variables home = {{"HOME", "/home/ann"}};
  CHECK(load("policy = 1\n", home).plugin_folders ==
        std::vector<std::string>{"/home/ann/.local/share/bulkhead/plugins",
                                 "/usr/local/lib/bulkhead/plugins", "/usr/lib/bulkhead/plugins"});
  CHECK(load("policy = 1\n[plugins]\nfolders = []\n", home).plugin_folders.empty());
}

TEST_CASE("variables lie over the file, over its rules too") {
  constexpr const char* kText = R"(policy = 1
[limits]
threads = 10
[[rule]]
match = "one"
isolation = "in-process"
limits = { threads = 20, memory = "1 GiB" }
)";
  const Policy policy = load(kText, {{"BULKHEAD_ISOLATION", "cell"},
                                     {"BULKHEAD_MINIMUM_LEVEL", "1"},
                                     {"BULKHEAD_LIMITS_THREADS", "30"},
                                     {"BULKHEAD_LIMITS_CALL_TIMEOUT", "5 s"},
                                     {"BULKHEAD_LIMITS_IN_FLIGHT_TOTAL", "7"}});
  const Decision decision = policy.decide("one");
  CHECK(decision.mode == Mode::cell);
  CHECK(decision.minimum_level == 1);
  CHECK(decision.limits.threads == 30);
  CHECK(decision.limits.call_timeout == 5'000'000'000);
  CHECK(decision.limits.memory == 1u << 30);
  CHECK(decision.reason == "BULKHEAD_ISOLATION; minimum level 1 by BULKHEAD_MINIMUM_LEVEL");
  CHECK(policy.limits.in_flight_total == 7);
  CHECK(policy.limits.threads == 30);
  CHECK(policy.unknown_plugins({"one"}).empty());
}

TEST_CASE("every limit has a variable") {
  const Policy policy = load("policy = 1\n", {{"BULKHEAD_LIMITS_GRACE", "2s"},
                                              {"BULKHEAD_LIMITS_START_TIMEOUT", "3s"},
                                              {"BULKHEAD_LIMITS_MEMORY", "1 GiB"},
                                              {"BULKHEAD_LIMITS_OUTPUT", "2 MiB"},
                                              {"BULKHEAD_LIMITS_FRAME", "3 MiB"},
                                              {"BULKHEAD_LIMITS_IN_FLIGHT", "4"},
                                              {"BULKHEAD_LIMITS_DESCRIPTORS", "50"},
                                              {"BULKHEAD_LIMITS_CRASHES", "6"},
                                              {"BULKHEAD_LIMITS_CRASH_WINDOW", "7s"}});
  const Limits limits = policy.decide("x").limits;
  CHECK(limits.grace == 2'000'000'000);
  CHECK(limits.start_timeout == 3'000'000'000);
  CHECK(limits.memory == 1u << 30);
  CHECK(limits.output == 2u << 20);
  CHECK(limits.frame == 3u << 20);
  CHECK(limits.in_flight == 4);
  CHECK(limits.descriptors == 50);
  CHECK(limits.crashes == 6);
  CHECK(limits.crash_window == 7'000'000'000);
}

TEST_CASE("an empty variable is none") {
  const Policy policy = load(
      kInProcess,
      {{"BULKHEAD_ISOLATION", ""}, {"BULKHEAD_LIMITS_THREADS", ""}, {"BULKHEAD_PLUGIN_PATH", ""}});
  CHECK(policy.decide("x").mode == Mode::in_process);
}

TEST_CASE("without an environment only the file counts") {
  const TempFolder folder;
  const std::string file = folder.write("p.toml", kInProcess).string();
  CHECK(Policy::load(file, nullptr).default_mode == Mode::in_process);
}

TEST_CASE("a bad value of a variable is an error that names the variable") {
  CHECK(error({{"BULKHEAD_ISOLATION", "cel"}}) ==
        "BULKHEAD_ISOLATION: must be 'cell' or 'in-process', not 'cel'; did you mean 'cell'?");
  for (const char* level : {"4", "-1", "one", "01"}) {
    CHECK(error({{"BULKHEAD_MINIMUM_LEVEL", level}}) ==
          "BULKHEAD_MINIMUM_LEVEL: must be from 0 to 3, not '" + std::string(level) + "'");
  }
  CHECK_THAT(error({{"BULKHEAD_LIMITS_CALL_TIMEOUT", "60"}}),
             Catch::StartsWith("BULKHEAD_LIMITS_CALL_TIMEOUT: must be a whole number with a unit"));
  CHECK_THAT(error({{"BULKHEAD_LIMITS_THREADS", "many"}}),
             Catch::EndsWith("must be a whole number, not 'many'"));
  CHECK_THAT(error({{"BULKHEAD_LIMITS_MEMORY", "1 MiB"}}),
             Catch::StartsWith("BULKHEAD_LIMITS_MEMORY: must be at least 64 MiB, not 1 MiB"));
  CHECK_THAT(error({{"BULKHEAD_LIMITS_MEMORY", "\x1b\xff"}}), Catch::EndsWith("not '\\x1b\\xff'"));
}

TEST_CASE("a variable that is nearly one of the policy's is an error with the right name") {
  // Names come from the environment of the process, whether one counts from the one that is given.
  const auto error_with = [](const std::string& name) {
    ::setenv(name.c_str(), "1", 1);
    const std::string sentence = error({{name, "1"}});
    const std::string unread = error({});
    ::unsetenv(name.c_str());
    CHECK(unread == "no error");
    return sentence;
  };
  CHECK(error_with("BULKHEAD_LIMITS_MEMRY") ==
        "BULKHEAD_LIMITS_MEMRY: the policy has no such variable; did you mean "
        "'BULKHEAD_LIMITS_MEMORY'?");
  CHECK_THAT(error_with("BULKHEAD_MINIMUM_LEVL"),
             Catch::EndsWith("did you mean 'BULKHEAD_MINIMUM_LEVEL'?"));
  CHECK_THAT(error_with("BULKHEAD_ISOLATON"), Catch::EndsWith("mean 'BULKHEAD_ISOLATION'?"));
  CHECK_THAT(error_with("BULKHEAD_PLUGINS_PATH"), Catch::EndsWith("'BULKHEAD_PLUGIN_PATH'?"));
  CHECK_THAT(error_with("BULKHEAD_LIMITS_CPU_HOURS_OF_A_DAY"),
             Catch::EndsWith("docs/policy.md lists them all"));
  for (const char* other :
       {"BULKHEAD_LAUNCHER", "BULKHEAD_DOWNLOADS", "BULKHEAD_TESTS", "BULKHEAD_TEST_LAUNCHER",
        "BULKHEAD_TEST_TALLY", "BULKHEAD_PLUGIN_OUTPUT", "BULKHEAD_PLUGIN_ID", "BULKHEAD_NPM",
        "BULKHEAD_NODE", "BULKHEAD_SKIP_PACKAGES", "BULKHEAD_SANITIZE"}) {
    CHECK(error_with(other) == "no error");
  }
}
