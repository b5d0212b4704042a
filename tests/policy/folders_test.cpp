#include <unistd.h>

#include <map>
#include <catch2/catch.hpp>

#include "host/policy/policy.hpp"

using namespace bulkhead::policy;

namespace {

Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

const std::string kTemporary = "/tmp/bulkhead-" + std::to_string(::geteuid());

}  // namespace

TEST_CASE("the XDG variables name the folders") {
  const auto set = environment({{"XDG_CONFIG_HOME", "/c/"},
                                {"XDG_STATE_HOME", "/s"},
                                {"XDG_RUNTIME_DIR", "/r"},
                                {"XDG_DATA_HOME", "/d"},
                                {"HOME", "/home/ann"}});
  CHECK(config_folder(set) == "/c/bulkhead");
  CHECK(state_folder(set) == "/s/bulkhead");
  CHECK(runtime_folder(set) == "/r/bulkhead");
  CHECK(default_plugin_folders(set).front() == "/d/bulkhead/plugins");
}

TEST_CASE("without them the folders are in the home and in /tmp") {
  const auto home = environment({{"HOME", "/home/ann"}});
  CHECK(config_folder(home) == "/home/ann/.config/bulkhead");
  CHECK(state_folder(home) == "/home/ann/.local/state/bulkhead");
  CHECK(runtime_folder(home) == kTemporary);
}

TEST_CASE("a variable that is not absolute does not count") {
  const auto relative = environment({{"XDG_CONFIG_HOME", "c"},
                                     {"XDG_STATE_HOME", ""},
                                     {"XDG_RUNTIME_DIR", "./r"},
                                     {"HOME", "/home/ann"}});
  CHECK(config_folder(relative) == "/home/ann/.config/bulkhead");
  CHECK(state_folder(relative) == "/home/ann/.local/state/bulkhead");
  CHECK(runtime_folder(relative) == kTemporary);
}

TEST_CASE("without a home there is no user's policy, and state is in the runtime folder") {
  for (const Environment& none : {environment({}), Environment{}}) {
    CHECK(config_folder(none).empty());
    CHECK(state_folder(none) == kTemporary + "/state");
    CHECK(default_plugin_folders(none).size() == 2);
  }
}
