#include <catch2/catch.hpp>

#include "host/policy/limit_table.hpp"
#include "host/policy/policy.hpp"
#include "tests/manifest/file_error.hpp"

using namespace bulkhead::policy;

namespace {

Policy parse(const std::string& text) { return Policy::parse("policy = 1\n" + text, "p.toml"); }

std::string error(const std::string& text) {
  return error_of([&] { parse(text); });
}

}  // namespace

TEST_CASE("a whole policy is read") {
  const Policy policy = Policy::parse(R"(policy = 1
[plugins]
folders = ["plugins", "/usr/lib/bulkhead/plugins"]
[isolation]
default = "in-process"
minimum_level = 0
[limits]
call_timeout = "5min"
grace = "2s"
start_timeout = "20s"
memory = "1 GiB"
output = 1048576
frame = "2 MiB"
in_flight = 10
in_flight_total = 20
threads = 8
descriptors = 64
crashes = 0
crash_window = "1h"
[[rule]]
match = "en_*"
isolation = "cell"
minimum_level = 2
limits = { call_timeout = "5s" }
)",
                                      "/etc/bulkhead/bulkhead.toml");
  CHECK(policy.plugin_folders ==
        std::vector<std::string>{"/etc/bulkhead/plugins", "/usr/lib/bulkhead/plugins"});
  CHECK(policy.default_mode == Mode::in_process);
  CHECK(policy.limits.call_timeout == 300'000'000'000);
  CHECK(policy.limits.grace == 2'000'000'000);
  CHECK(policy.limits.start_timeout == 20'000'000'000);
  CHECK(policy.limits.memory == 1u << 30);
  CHECK(policy.limits.output == 1u << 20);
  CHECK(policy.limits.frame == 2u << 20);
  CHECK(policy.limits.in_flight == 10);
  CHECK(policy.limits.in_flight_total == 20);
  CHECK(policy.limits.threads == 8);
  CHECK(policy.limits.descriptors == 64);
  CHECK(policy.limits.crashes == 0);
  CHECK(policy.limits.crash_window == 3'600'000'000'000);
  REQUIRE(policy.rules.size() == 1);
  CHECK(policy.rules[0].match == "en_*");
  CHECK(policy.rules[0].mode == Mode::cell);
  CHECK(policy.rules[0].minimum_level == 2);
  CHECK(policy.rules[0].limits.size() == 1);
}

TEST_CASE("an empty policy is the defaults") {
  const Policy policy = parse("");
  CHECK(policy.default_mode == Mode::cell);
  CHECK(policy.default_minimum_level == 0);
  CHECK(policy.rules.empty());
  CHECK(policy.limits.call_timeout == 60'000'000'000);
}

TEST_CASE("every default of a limit is in the range of the limit") {
  for (const LimitEntry& entry : limit_table()) {
    CAPTURE(entry.name);
    CHECK(limit_problem(entry, get_limit(Limits{}, entry)).empty());
  }
}

TEST_CASE("another format says which one this build reads") {
  CHECK(
      error_of([] { Policy::parse("policy = 2\nnews = 1\n", "p.toml"); }) ==
      "p.toml:1:10: this policy has format 2, and this version of Bulkhead reads format 1: install "
      "a newer Bulkhead");
  CHECK_THAT(error_of([] { Policy::parse("manifest = 1\n", "p.toml"); }),
             Catch::Contains("this is the manifest of a plugin"));
  CHECK(error_of([] { Policy::parse("", "p.toml"); }) == "p.toml:1:1: the key policy is missing");
}

TEST_CASE("unknown keys are refused in every table, with a suggestion") {
  const std::pair<const char*, const char*> rows[] = {
      {"[plugin]\nfolders = []\n", "'plugin' at the top level; did you mean 'plugins'?"},
      {"[plugins]\nfolder = []\n", "'folder' in [plugins]; did you mean 'folders'?"},
      {"[isolation]\ndefualt = 'cell'\n", "'defualt' in [isolation]; did you mean 'default'?"},
      {"[limits]\ncall-timeout = '1s'\n",
       "'call-timeout' in [limits]; did you mean 'call_timeout'?"},
      {"[[rule]]\nmatch = 'a'\nisolaton = 'cell'\n",
       "'isolaton' in [rule]; did you mean 'isolation'?"},
      {"[[rule]]\nmatch = 'a'\nlimits = { memmory = 1 }\n",
       "'memmory' in [rule.limits]; did you mean 'memory'?"},
      {"[[rules]]\nmatch = 'a'\n", "'rules' at the top level; did you mean 'rule'?"},
  };
  for (const auto& [text, expected] : rows) CHECK_THAT(error(text), Catch::Contains(expected));
}

TEST_CASE("isolation is one of two words") {
  CHECK(error("[isolation]\ndefault = 'in_process'\n") ==
        "p.toml:3:11: isolation.default must be 'cell' or 'in-process', not 'in_process'; did you "
        "mean "
        "'in-process'?");
  CHECK_THAT(error("[isolation]\ndefault = true\n"), Catch::Contains("must be a string"));
  CHECK_THAT(error("[[rule]]\nmatch = 'a'\nisolation = 'none'\n"),
             Catch::StartsWith("p.toml:4:13: rule.isolation must be 'cell' or 'in-process'"));
}

TEST_CASE("a level is from 0 to 3, and above 0 needs a cell") {
  CHECK(error("[isolation]\nminimum_level = 4\n") ==
        "p.toml:3:17: isolation.minimum_level must be from 0 to 3, not 4");
  CHECK_THAT(error("[isolation]\nminimum_level = -1\n"), Catch::Contains("from 0 to 3, not -1"));
  CHECK_THAT(
      error("[[rule]]\nmatch = 'a'\nisolation = 'in-process'\nminimum_level = 1\n"),
      Catch::StartsWith("p.toml:5:17: rule.minimum_level is 1, but a plugin in process always "
                        "has level 0"));
}

TEST_CASE("a duration needs a unit, a count must be an integer") {
  CHECK(error("[limits]\ncall_timeout = 60\n") ==
        "p.toml:3:16: limits.call_timeout must be a whole number with a unit (ns, us, ms, s, min, "
        "h), "
        "such as '60s', not 60 without a unit");
  CHECK_THAT(error("[limits]\ncall_timeout = '60'\n"), Catch::Contains("not '60'"));
  CHECK_THAT(error("[limits]\nthreads = '4'\n"),
             Catch::Contains("limits.threads must be an integer, but this is a string"));
  CHECK_THAT(error("[limits]\nmemory = 'much'\n"), Catch::Contains("must be a size such as"));
  CHECK_THAT(error("[limits]\nmemory = -1\n"), Catch::Contains("must be a size such as"));
  CHECK_THAT(error("[limits]\nmemory = true\n"), Catch::Contains("must be a string"));
}

TEST_CASE("a limit outside of its range is refused with the range and the reason") {
  CHECK_THAT(error("[limits]\nmemory = '1 MiB'\n"),
             Catch::StartsWith("p.toml:3:10: limits.memory must be at least 64 MiB, not 1 MiB: "));
  CHECK_THAT(error("[limits]\nthreads = 100000\n"),
             Catch::Contains("limits.threads must be at most 4096, not 100000: "));
  for (const LimitEntry& entry : limit_table()) {
    for (const bool low : {true, false}) {
      if (low && entry.minimum == 0) continue;
      const std::uint64_t value = low ? entry.minimum - 1 : entry.maximum + 1;
      const std::string written =
          entry.unit == Unit::count ? std::to_string(value) : "'" + limit_text(entry, value) + "'";
      const std::string message = error(std::string("[limits]\n") + entry.name + " = " + written);
      CAPTURE(message);
      CHECK_THAT(message, Catch::Contains(low ? " must be at least " : " must be at most "));
      CHECK(message.find("at least " + limit_text(entry, entry.minimum)) +
                message.find("at most " + limit_text(entry, entry.maximum)) !=
            2 * std::string::npos);
    }
  }
}

TEST_CASE("a rule names plugins, and changes something") {
  CHECK_THAT(error("[[rule]]\nisolation = 'cell'\n"),
             Catch::Contains("the key rule.match is missing"));
  for (const char* match : {"", "En", "en-gpt2", "[a-z]", "en gpt2"}) {
    CHECK_THAT(error("[[rule]]\nmatch = '" + std::string(match) + "'\nisolation = 'cell'\n"),
               Catch::StartsWith("p.toml:3:9: rule.match must be the id of a plugin"));
  }
  CHECK_THAT(error("[[rule]]\nmatch = 'a'\n"), Catch::Contains("this rule changes nothing"));
  CHECK_THAT(error("[[rule]]\nmatch = 'a'\nlimits = {}\n"),
             Catch::Contains("this rule changes nothing"));
  CHECK_THAT(error("[[rule]]\nmatch = 'a'\nlimits = { in_flight_total = 5 }\n"),
             Catch::Contains("in_flight_total is a limit of the whole host: set it in [limits]"));
  CHECK_THAT(error("[rule]\nmatch = 'a'\n"), Catch::Contains("each headed [[rule]]"));
}

TEST_CASE("a rule can ask for development cells, which have level 0") {
  const Policy policy = Policy::parse(
      "policy = 1\n[[rule]]\nmatch = 'mine'\ndevelopment = true\n"
      "[[rule]]\nmatch = 'm*'\ndevelopment = false\n",
      "p.toml");
  CHECK(policy.decide("mine").development);
  CHECK_THAT(policy.decide("mine").development_reason, Catch::Contains("the rule 'mine' in"));
  CHECK_FALSE(policy.decide("more").development);
  CHECK_FALSE(policy.decide("other").development);
  CHECK_THAT(error("[[rule]]\nmatch = 'a'\ndevelopment = true\nminimum_level = 1\n"),
             Catch::Contains("a development cell always has level 0"));
  CHECK_THAT(error("[[rule]]\nmatch = 'a'\ndevelopment = 1\n"), Catch::Contains("development"));
}

TEST_CASE("a folder is written out") {
  for (const char* folder : {"~/plugins", "$HOME/plugins"}) {
    CHECK_THAT(error("[plugins]\nfolders = ['a', '" + std::string(folder) + "']\n"),
               Catch::StartsWith("p.toml:3:17: the folder '" + std::string(folder) +
                                 "' is not expanded here"));
  }
  CHECK_THAT(error("[plugins]\nfolders = ['']\n"), Catch::Contains("is empty"));
  CHECK_THAT(error("[plugins]\nfolders = [\"a\\u0000b\"]\n"),
             Catch::Contains("control characters"));
  CHECK_THAT(error("[plugins]\nfolders = 'plugins'\n"),
             Catch::Contains("must be an array of strings"));
  CHECK(parse("[plugins]\nfolders = ['../x/./y', '/a/../b']\n").plugin_folders ==
        std::vector<std::string>{"../x/y", "/b"});
}
