// bulkhead ps: finds running hosts, and does not trust what it finds.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sdk/wire/unique_fd.hpp"
#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// A process id that nobody has: of a child that ended and was waited for.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

void make_runtime_folder(const World& world) {
  fs::create_directory(world.runtime_folder());
  fs::permissions(world.runtime_folder(), fs::perms::owner_all);
}

// A socket with a name of a host; listens unless told otherwise.
class Endpoint {
 public:
  Endpoint(const World& world, pid_t process, bool listens = true)
      : path(world.runtime_folder() / ("host-" + std::to_string(process) + ".sock")) {
    socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.string().size() < sizeof address.sun_path);
    std::strcpy(address.sun_path, path.c_str());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    if (listens) REQUIRE(::listen(socket_.get(), 8) == 0);
  }
  // Answers one connection with `text` and closes it.
  std::thread answer(std::string text) {
    return std::thread([this, text = std::move(text)] {
      const wire::UniqueFd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::string_view rest = text;
      while (!rest.empty()) {
        const ssize_t sent = ::send(peer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(sent));
      }
    });
  }
  const fs::path path;

 private:
  wire::UniqueFd socket_;
};

TEST_CASE("without hosts ps says so and succeeds") {
  const World world;
  const Ran ran = world.run({"ps"});
  CHECK(ran.exit == 0);
  CHECK(ran.err == "bulkhead: no host is running.\n");
  CHECK(json::parse(world.run({"ps", "--json"}).out)["hosts"].empty());
}

TEST_CASE("ps shows a running host and its plugins") {
  const World world;
  make_runtime_folder(world);
  Endpoint host(world, ::getpid());
  const std::string status =
      R"({"format":1,"pid":4711,"name":"trainer","version":"0.1.0","started":"2024-01-01T00:00:00Z",
          "plugins":[{"id":"letters","version":"1.2.0","isolation":"cell","level":2,
          "level_enforced":["seccomp"],"process":4712,"state":"running","calls":17,"errors":1,
          "in_flight":0,"restarts":0,"rss_kib":6000,"private_kib":2000}]})";
  std::thread server = host.answer(status);
  const Ran ran = world.run({"ps"});
  server.join();
  INFO(ran);
  CHECK(ran.exit == 0);
  for (const char* word : {"4711", "trainer", "letters 1.2.0", "cell", "4712", "running", "17"})
    CHECK(ran.out.find(word) != std::string::npos);

  server = host.answer(status);
  const json answer = json::parse(world.run({"ps", "--json"}).out);
  server.join();
  CHECK(answer["hosts"][0]["plugins"][0]["level_enforced"][0] == "seccomp");
}

TEST_CASE("the socket of a host that was killed is removed, and only that") {
  const World world;
  make_runtime_folder(world);
  const pid_t dead = dead_process();
  Endpoint stale(world, dead, false);
  const fs::path other = world.runtime_folder() / "notes.txt";
  std::ofstream(other) << "x";
  // A file of the name that is no socket stays.
  const fs::path file = world.runtime_folder() / ("host-" + std::to_string(dead) + "-2.sock");
  std::ofstream(file) << "x";
  CHECK(world.run({"ps"}).exit == 0);
  CHECK(!fs::exists(stale.path));
  CHECK(fs::exists(other));
  CHECK(fs::exists(file));
}

TEST_CASE("a socket that is just being made is left alone") {
  const World world;
  make_runtime_folder(world);
  Endpoint young(world, ::getpid(), false);
  CHECK(world.run({"ps"}).exit == 0);
  CHECK(fs::exists(young.path));
}

TEST_CASE("a host that does not answer, or answers nonsense, is left out with the reason") {
  const World world;
  make_runtime_folder(world);
  Endpoint hung(world, ::getpid());
  Endpoint liar(world, ::getppid());
  const std::string nonsense = GENERATE(std::string(), std::string("no JSON"), std::string("[]"),
                                        std::string("{}"), std::string(R"({"pid":"\u001b[31m"})"),
                                        std::string(100000, '['), std::string((16 << 20) + 1, ' '));
  std::thread server = liar.answer(nonsense);
  const Ran ran = world.run({"ps", "--json"});
  server.join();
  INFO(ran);
  CHECK(ran.exit == 0);
  const json answer = json::parse(ran.out);
  CHECK(answer["hosts"].empty());
  REQUIRE(answer["unreachable"].size() == 2);
  std::string reasons;
  for (const json& item : answer["unreachable"])
    reasons += item["reason"].get<std::string>() + "\n";
  CHECK(reasons.find("did not answer") != std::string::npos);
  CHECK((reasons.find("no status document") != std::string::npos ||
         reasons.find("larger than 16 MiB") != std::string::npos));
}

TEST_CASE("control characters of a host do not reach the terminal") {
  const World world;
  make_runtime_folder(world);
  Endpoint host(world, ::getpid());
  std::thread server =
      host.answer(R"({"pid":1,"name":"\u001b[31mred\u009b","plugins":[{"id":"a\nb"},7]})");
  const Ran ran = world.run({"ps"});
  server.join();
  INFO(ran);
  CHECK(ran.exit == 0);
  CHECK(ran.out.find('\x1b') == std::string::npos);
  CHECK(ran.out.find("\\x1B[31mred") != std::string::npos);
  CHECK(ran.out.find("a\\x0Ab") != std::string::npos);
}

TEST_CASE("a runtime folder that others can write to is refused, exit 5") {
  const World world;
  make_runtime_folder(world);
  fs::permissions(world.runtime_folder(), fs::perms::all);
  const Ran ran = world.run({"ps"});
  CHECK(ran.exit == 5);
  CHECK(ran.err.find("can't be trusted") != std::string::npos);
}

TEST_CASE("ps finds the host of a command that runs") {
  const World world;
  world.file("minute", "60000");
  Ran seen;
  How how;
  how.signal = SIGINT;
  how.signal_when = [&](const Ran&) {
    seen = world.run({"ps", "--json"});
    const json hosts = json::parse(seen.out)["hosts"];
    return !hosts.empty() && !hosts[0]["plugins"].empty() &&
           hosts[0]["plugins"][0]["in_flight"] == 1;
  };
  const Ran ran = world.run({"codec", "encode", "--plugin", "slow", "minute"}, how);
  INFO(ran << seen);
  CHECK(ran.exit == 130);
  const json host = json::parse(seen.out)["hosts"][0];
  CHECK(host["name"] == "bulkhead");
  CHECK(host["plugins"][0]["id"] == "slow");
  CHECK(host["plugins"][0]["isolation"] == "cell");
  CHECK(json::parse(world.run({"ps", "--json"}).out)["hosts"].empty());
}

}  // namespace
}  // namespace bulkhead::test
