// What happens when standard output, standard input or the disk let the command down, and when the
// user interrupts it.
#include <fcntl.h>
#include <sys/stat.h>
#include <csignal>
#include <catch2/catch.hpp>

#include "sdk/wire/unique_fd.hpp"
#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("a full disk under standard output is a clear error, exit 74") {
  const World world;
  const Words words = GENERATE(values<Words>({{"codec", "encode", "--plugin", "letters"},
                                              {"--json", "codec", "count", "--plugin", "letters"},
                                              {"list"},
                                              {"ps", "--json"},
                                              {"info", "letters"},
                                              {"--help"},
                                              {"codec", "encode", "--help"},
                                              {"--version"}}));
  How how;
  how.input = "text";
  how.output_to = "/dev/full";
  const Ran full = world.run(words, how);
  INFO(full);
  CHECK(full.exit == 74);
  CHECK(full.err.find("bulkhead: could not write standard output: No space left") !=
        std::string::npos);
  how.output_to.clear();
  how.close_output = true;
  const Ran closed = world.run(words, how);
  INFO(closed);
  CHECK(closed.exit == 74);
  CHECK(closed.err.find("It is closed.") != std::string::npos);
}

TEST_CASE("a reader that ends is an error and no signal") {
  const World world;
  world.file("text", std::string(1 << 20, 'x'));
  const Ran ran = world.shell(
      "bulkhead codec encode --plugin letters text | head -c 1 > /dev/null; "
      "exit ${PIPESTATUS[0]}");
  INFO(ran);
  CHECK(ran.exit == 74);
  CHECK(ran.err.find("The program that read it has ended.") != std::string::npos);
}

TEST_CASE("a closed standard input is an error, and never a file that was opened later") {
  const World world;
  How how;
  how.close_input = true;
  const Ran ran = world.run({"codec", "encode", "--plugin", "letters"}, how);
  CHECK(ran.exit == 4);
  CHECK(ran.err.find("could not read standard input") != std::string::npos);
}

TEST_CASE("an error can't steer the terminal") {
  const World world;
  const Ran ran = world.run({"codec", "encode", "--plugin", "letters", "\x1b[2Jx\nbulkhead: no"});
  INFO(ran);
  CHECK(ran.exit == 3);
  CHECK(ran.err.find("\\x1B[2Jx\\x0Abulkhead: no") != std::string::npos);
  CHECK(ran.err.find('\x1b') == std::string::npos);
}

TEST_CASE("an output that can't be written leaves the old file and no other") {
  const World world;
  world.file("text", std::string(200000, 'x'));
  world.file("ids", "old");
  // A limit on the size of files is the disk that is full for one program only.
  const Ran ran = world.shell(
      "trap '' XFSZ; ulimit -f 100; bulkhead codec encode --plugin letters --isolation in-process "
      "--output ids text");
  INFO(ran);
  CHECK(ran.exit == 74);
  CHECK(world.content("ids") == "old");
  CHECK(world.names() == std::vector<std::string>{"ids", "text"});
}

TEST_CASE("an output may be a device or a link, which stays what it is") {
  const World world;
  world.file("text", "a");
  world.file("real", "old");
  CHECK(
      world.run({"codec", "encode", "--plugin", "letters", "--output", "/dev/null", "text"}).exit ==
      0);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  const Ran full =
      world.run({"codec", "encode", "--plugin", "letters", "--output", "/dev/full", "text"});
  CHECK(full.exit == 74);
  std::filesystem::create_symlink("real", world.folder() / "link");
  CHECK(world.run({"codec", "encode", "--plugin", "letters", "--output", "link", "text"}).exit ==
        0);
  CHECK(std::filesystem::is_symlink(world.folder() / "link"));
  CHECK(world.content("real") == "97\n");
}

TEST_CASE("Ctrl-C ends the wait for a slow input, exit 130") {
  const World world;
  const std::string fifo = (world.folder() / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  wire::UniqueFd writer;
  How how;
  how.signal = GENERATE(SIGINT, SIGTERM);
  how.signal_when = [&](const Ran&) {
    // Opens only once there is a reader: then the command waits for its input.
    writer.reset(::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return static_cast<bool>(writer);
  };
  const Ran ran = world.run({"codec", "encode", "--plugin", "letters", "fifo"}, how);
  INFO(ran);
  CHECK(ran.exit == 130);
  CHECK(ran.err.find("bulkhead: interrupted by") != std::string::npos);
}

TEST_CASE("Ctrl-C cancels a call, exit 130, and leaves nothing half-written") {
  const World world;
  world.file("minute", "60000");
  world.file("pipeline.toml", R"(
pipeline = 1
name = "slow"
[[step]]
name = "wait"
plugin = "slow"
method = "encode"
input = "minute"
output = "ids"
)");
  How how;
  how.signal = GENERATE(SIGINT, SIGTERM);
  how.signal_when = [](const Ran& so_far) {
    return so_far.err.find("wait: started") != std::string::npos;
  };
  const Ran ran = world.run({"run", "pipeline.toml"}, how);
  INFO(ran);
  CHECK(ran.exit == 130);
  CHECK(ran.err.find("bulkhead: interrupted by") != std::string::npos);
  CHECK(world.names() == std::vector<std::string>{"minute", "pipeline.run.json", "pipeline.toml"});
  CHECK(world.content("pipeline.run.json").find("\"interrupted\"") != std::string::npos);
}

}  // namespace
}  // namespace bulkhead::test
