// bulkhead command: what plugins contribute, run from the command line.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;

TEST_CASE("a plugin's commands are listed, and run with arguments and input") {
  World world;
  const std::string isolation = GENERATE("cell", "in-process");
  const auto command = [&](std::vector<std::string> words, const How& how = {}) {
    words.insert(words.begin(), {"command", "--isolation", isolation, "all_sides"});
    return world.run(words, how);
  };
  const Ran list = command({});
  INFO(list);
  CHECK(list.exit == 0);
  CHECK(list.out == "echo  Says what it was given\n    echo ARGUMENTS\nwait  Waits\n");

  How how;
  how.input = "from the input\n";
  const Ran echo = command({"echo", "--input", "-", "--", "one", "--two", "-3"}, how);
  INFO(echo);
  CHECK(echo.exit == 0);
  CHECK(echo.out == "one\n--two\n-3\nfrom the input\n");
  CHECK(echo.err.find("no terminal") != std::string::npos);
  // Without --input it gets none, whatever there is.
  CHECK(command({"echo", "one"}, how).out == "one\n");
  world.file("in.txt", "from a file");
  CHECK(command({"echo", "--input", "in.txt"}).out == "from a file");
}

TEST_CASE("a command's exit code is the exit code, and with --json a figure") {
  World world;
  const Ran fail = world.run({"command", "all_sides", "fail"});
  INFO(fail);
  CHECK(fail.exit == 3);
  CHECK(fail.out == "so far");
  CHECK(fail.err.find("no further") != std::string::npos);
  const Ran as_json = world.run({"--json", "command", "all_sides", "fail"});
  CHECK(as_json.exit == 3);
  const json document = json::parse(as_json.out);
  CHECK(document["exit_code"] == 3);
  CHECK(document["command"] == "fail");
  CHECK(document["output"] == "so far");
  CHECK(document["errors"] == "no further");
  const json list = json::parse(world.run({"--json", "command", "all_sides"}).out);
  CHECK(list["commands"][0]["name"] == "echo");
}

TEST_CASE("what goes wrong with a command has the exit codes of all calls") {
  World world;
  const Ran unknown = world.run({"command", "all_sides", "no-such"});
  CHECK(unknown.exit == 3);
  CHECK(unknown.err.find("there is no such command") != std::string::npos);
  const Ran none = world.run({"command", "letters", "echo"});
  INFO(none);
  CHECK(none.exit != 0);
  CHECK(none.err.find("bulkhead.command/1") != std::string::npos);
  CHECK(world.run({"command", "no_such_plugin"}).exit == 3);
  CHECK(world.run({"command"}).exit == 2);
  CHECK(world.run({"command", "all_sides", "die", "--isolation", "cell"}).exit == 7);
  CHECK(world.run({"command", "all_sides", "wait", "--timeout", "100ms"}).exit == 6);
  CHECK(world.run({"command", "all_sides", "echo", "--input", "not-there.txt"}).exit == 3);
}

}  // namespace
}  // namespace bulkhead::test
