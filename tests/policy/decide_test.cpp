#include <catch2/catch.hpp>

#include "host/policy/policy.hpp"
#include "registry/manifest/manifest.hpp"

using namespace bulkhead::policy;

namespace {

Policy parse(const std::string& text) { return Policy::parse("policy = 1\n" + text, "p.toml"); }

bool applies(const std::string& pattern, const char* id) {
  const Policy policy = parse("[[rule]]\nmatch = '" + pattern + "'\nisolation = 'in-process'\n");
  return policy.decide(id).mode == Mode::in_process;
}

}  // namespace

TEST_CASE("without a policy every plugin gets a cell, by the built-in default") {
  const Decision decision = Policy{}.decide("any");
  CHECK(decision.mode == Mode::cell);
  CHECK(decision.minimum_level == 0);
  CHECK(decision.reason == "the built-in default");
}

TEST_CASE("a decision names the place that it comes from") {
  CHECK(parse("[isolation]\ndefault = 'in-process'\n").decide("any").reason ==
        "isolation.default in p.toml:3");
  const Policy policy = parse(
      "[isolation]\nminimum_level = 2\n[[rule]]\nmatch = 'en_*'\nisolation = 'cell'\n"
      "minimum_level = 1\n");
  CHECK(policy.decide("en_gpt2").reason == "the rule 'en_*' in p.toml:4");
  CHECK(policy.decide("other").reason ==
        "the built-in default; minimum level 2 by isolation.minimum_level in p.toml:3");
  CHECK(policy.decide("other").level_reason == "isolation.minimum_level in p.toml:3");
  CHECK(policy.decide("en_gpt2").level_reason == "the rule 'en_*' in p.toml:4");
}

TEST_CASE("a pattern matches the whole id") {
  CHECK(applies("en_gpt2", "en_gpt2"));
  CHECK(applies("*", "en_gpt2"));
  CHECK(applies("en_*", "en_gpt2"));
  CHECK(applies("*gpt?", "en_gpt2"));
  CHECK(applies("e*_*2", "en_gpt2"));
  CHECK(applies("en_gpt2*", "en_gpt2"));
  CHECK(applies("*a*a*b", "aaaab"));
  CHECK_FALSE(applies("en_gpt", "en_gpt2"));
  CHECK_FALSE(applies("gpt2", "en_gpt2"));
  CHECK_FALSE(applies("en_gpt2?", "en_gpt2"));
  CHECK_FALSE(applies("*a*b", "aaaac"));
  CHECK_FALSE(applies("?", ""));
}

TEST_CASE("a pattern of many stars is matched in bounded time") {
  CHECK_FALSE(applies("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
                      std::string(10'000, 'a').c_str()));
}

TEST_CASE("the first rule that matches wins, key by key") {
  const Policy policy = parse(R"(
[limits]
threads = 10
[[rule]]
match = "en_gpt2"
limits = { threads = 20 }
[[rule]]
match = "en_*"
isolation = "in-process"
limits = { threads = 30, memory = "1 GiB" }
[[rule]]
match = "*"
isolation = "cell"
limits = { memory = "2 GiB", call_timeout = "5s" }
)");
  const Decision one = policy.decide("en_gpt2");
  CHECK(one.mode == Mode::in_process);
  CHECK(one.limits.threads == 20);
  CHECK(one.limits.memory == 1u << 30);
  CHECK(one.limits.call_timeout == 5'000'000'000);
  const Decision other = policy.decide("ja_mecab");
  CHECK(other.mode == Mode::cell);
  CHECK(other.limits.threads == 10);
  CHECK(other.limits.memory == 2u << 30);
}

TEST_CASE("a rule for a plugin that is not installed is a warning with the nearest id") {
  const Policy policy = parse(
      "[[rule]]\nmatch = 'en_gtp2'\nisolation = 'cell'\n[[rule]]\nmatch = 'zh_*'\nisolation = "
      "'cell'\n"
      "[[rule]]\nmatch = 'ja_mecab'\nisolation = 'cell'\n");
  CHECK(policy.unknown_plugins({"en_gpt2", "ja_mecab"}) ==
        std::vector<std::string>{
            "the rule 'en_gtp2' in p.toml:2 names a plugin that is not installed; "
            "did you mean 'en_gpt2'?"});
}

TEST_CASE("a manifest may not ask for more than the policy gives") {
  const auto manifest = [](const std::string& permissions) {
    return bulkhead::manifest::Manifest::parse(
        "manifest = 1\n[plugin]\nid = 'one'\nversion = '1.2.0'\nkind = 'codec'\n[runtime]\n"
        "type = 'library'\nentry = 'one.so'\n[permissions]\n" +
            permissions,
        "one/plugin.toml", "linux-x86_64");
  };
  const Decision decision = Policy{}.decide("one");
  CHECK_FALSE(check_permissions(manifest(""), decision));
  CHECK_FALSE(check_permissions(manifest("memory = '4 GiB'\nthreads = 64\n"), decision));
  CHECK(
      check_permissions(manifest("memory = '8 GiB'\n"), decision) ==
      "one 1.2.0 asks for 8 GiB of memory (permissions.memory in one/plugin.toml), but the policy "
      "allows 4 GiB: raise limits.memory, for all plugins or in a rule for this one");
  CHECK(check_permissions(manifest("threads = 65\n"), decision) ==
        "one 1.2.0 asks for 65 threads (permissions.threads in one/plugin.toml), but the policy "
        "allows "
        "64: raise limits.threads, for all plugins or in a rule for this one");
}
