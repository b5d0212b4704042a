// The rules of the kinds: for each a plugin that breaks it, and for each kind one that breaks none.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/check/packages.hpp"

namespace bulkhead::test {
namespace {

using check::Result;
using Names = std::set<std::string>;

const std::vector<std::string> kRules = {"command.list",
                                         "command.run",
                                         "events.subscriptions",
                                         "state.restore",
                                         "multimodal.facts",
                                         "multimodal.batches",
                                         "multimodal.unknown_media",
                                         "compression.report",
                                         "compression.estimate",
                                         "compression.no_output",
                                         "trainer.steps",
                                         "trainer.same_seed",
                                         "trainer.restore",
                                         "trainer.broken_checkpoint",
                                         "trainer.metrics",
                                         "trainer.progress",
                                         "trainer.closed_run"};

std::string interface_of(const std::string& kind) {
  const bool draft = kind == "multimodal" || kind == "compression" || kind == "trainer";
  return "bulkhead." + kind + (draft ? "/1-draft" : "/1");
}

Package package_of(const std::string& rule) {
  const std::string kind = rule.substr(0, rule.find('.'));
  Package package(BROKEN_KINDS);
  for (int i = 0; i < 2; ++i) package.replace("plugin.toml", "command.nothing", rule);
  package.replace("plugin.toml", "bulkhead.command/1", interface_of(kind));
  package.replace("plugin.toml", "kind = \"command\"", "kind = \"" + kind + "\"");
  if (kind == "trainer")
    package.write("check/check.toml",
                  "check = 1\n[[call]]\nmethod = \"open_run\"\n"
                  "params = '{\"seed\": 3}'\n");
  if (kind == "compression") {
    package.write("check/model", "10\n0123456789");
    package.write("check/check.toml",
                  "check = 1\n[[call]]\nmethod = \"compress\"\nread = [\"model\"]\n"
                  "write = [\"out\"]\n"
                  "params = '{\"method\": \"copy\", \"model\": \"model\", \"output\": \"out\"}'\n");
  }
  return package;
}

Names failed(const std::string& rule) {
  // What takes seconds, and has nothing of the kind in it, is looked at for codecs.
  return names(check_package(package_of(rule).folder(),
                             {"manifest", "package", "elf", "abi", "open", "log", "call.answers",
                              "call.survives", "call.error_text", "call.determinism",
                              rule.substr(0, rule.find('.'))}),
               Result::failed);
}

TEST_CASE("a plugin of each kind that breaks one rule of it fails in that case alone") {
  const std::string rule = GENERATE(from_range(kRules));
  DYNAMIC_SECTION(rule) { CHECK(failed(rule) == Names{rule}); }
}

TEST_CASE("every case of these kinds has one") {
  for (const check::CaseInfo& one : check::list_cases()) {
    const std::string name = one.name, kind = name.substr(0, name.find('.'));
    if (!Names{"multimodal", "compression", "command", "events", "state", "trainer"}.contains(kind))
      continue;
    INFO(name);
    CHECK(std::find(kRules.begin(), kRules.end(), name) != kRules.end());
  }
}

TEST_CASE("a plugin of each kind that breaks none passes") {
  for (const char* kind : {"command", "events", "state", "multimodal", "compression", "trainer"}) {
    INFO(kind);
    CHECK(failed(std::string(kind) + ".nothing") == Names{});
  }
}

}  // namespace
}  // namespace bulkhead::test
