// What a host lends to its plugins: the same in both modes. The plugin `tools` does what its
// caller says; the interface of its commands goes over the generic binding.
#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>
#include <nlohmann/json.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

class Tools : public BothModes {
 public:
  Instance& tools() {
    if (!tools_) tools_.emplace(load("tools", isolation()).open());
    return *tools_;
  }
  json run(const std::string& name, const std::vector<std::string>& arguments,
           const std::string& input = {}, const CallOptions& options = {}) {
    const json params = {{"name", name}, {"arguments", arguments}, {"input", input}};
    return json::parse(tools().call_json("bulkhead.command/1", "run", params.dump(), options));
  }
  std::string path(const std::string& name) const { return (folder().path() / name).string(); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder().path() / "out")) {
      (void)entry;
      ++count;
    }
    return count;
  }
  static std::string text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

  void release() { tools_.reset(); }

 private:
  std::optional<Instance> tools_;
};

}  // namespace

TEST_CASE_METHOD(Tools, "a granted file is read whole") {
  std::string large(3'000'001, 'a');
  for (std::size_t i = 0; i < large.size(); i += 97) large[i] = static_cast<char>('b' + i % 23);
  tools().grant_file("small", file("small.txt", "hello"), FileAccess::read);
  tools().grant_file("large", file("large.txt", large), FileAccess::read);
  tools().grant_file("empty", file("empty.txt", ""), FileAccess::read);
  CHECK(run("read", {"small"})["output"] == "hello");
  CHECK(run("read", {"large"})["output"] == large);
  CHECK(run("read", {"empty"})["output"] == "");
}

TEST_CASE_METHOD(Tools, "what was not granted does not exist") {
  file("there.txt", "hello");
  const auto refused = [&](const std::string& name) {
    return failure_of([&] { run("read", {name}); });
  };
  CHECK(refused("there").status == Status::permission_denied);
  CHECK(refused(path("there.txt")).status == Status::permission_denied);
  CHECK_THAT(refused("there").message, Contains("no file 'there' was granted"));
  tools().grant_file("there", path("there.txt"), FileAccess::read);
  CHECK(run("read", {"there"})["output"] == "hello");
  CHECK(failure_of([&] { run("write", {"there"}, "x"); }).status == Status::permission_denied);
  CHECK(text(path("there.txt")) == "hello");
  tools().revoke_file("there");
  CHECK(refused("there").status == Status::permission_denied);
}

TEST_CASE_METHOD(Tools, "a text with NUL is refused, not cut") {
  tools().grant_file("there", file("there.txt", "hello"), FileAccess::read);
  const Failure failure = failure_of([&] { run("read", {std::string("there\0x", 7)}); });
  CHECK(failure.status == Status::invalid_argument);
  CHECK_THAT(failure.message, Contains("params.arguments[0] holds a NUL character"));
}

TEST_CASE_METHOD(Tools, "a file that can't be opened is a clear error") {
  tools().grant_file("missing", path("missing.txt"), FileAccess::read);
  tools().grant_file("folder", folder().path().string(), FileAccess::read);
  REQUIRE(mkfifo(path("fifo").c_str(), 0600) == 0);
  tools().grant_file("fifo", path("fifo"), FileAccess::read);
  CHECK(failure_of([&] { run("read", {"missing"}); }).status == Status::not_found);
  CHECK_THAT(failure_of([&] { run("read", {"folder"}); }).message, Contains("no regular file"));
  CHECK_THAT(failure_of([&] { run("read", {"fifo"}); }).message, Contains("no regular file"));
  tools().grant_file("nowhere", path("no/such/folder/file"), FileAccess::write);
  CHECK(failure_of([&] { run("write", {"nowhere"}, "x"); }).status == Status::not_found);
}

TEST_CASE_METHOD(Tools, "a file in writing appears whole, or not at all") {
  std::filesystem::create_directory(path("out"));
  tools().grant_file("out", path("out/file"), FileAccess::write);
  CHECK(run("write", {"out"}, "first")["output"] == "5");
  CHECK(text(path("out/file")) == "first");
  run("abandon", {"out"}, "never seen");
  CHECK(text(path("out/file")) == "first");
  CHECK(run("write", {"out", "3"}, std::string(1 << 20, 'x'))["output"] == "3145728");
  CHECK(text(path("out/file")) == std::string(3 << 20, 'x'));
  CHECK(files() == 1);
}

TEST_CASE_METHOD(Tools, "an existing file keeps its mode, and a link leads to its file") {
  std::filesystem::create_directory(path("out"));
  file("out/real", "old");
  REQUIRE(chmod(path("out/real").c_str(), 0640) == 0);
  REQUIRE(symlink(path("out/real").c_str(), path("out/link").c_str()) == 0);
  tools().grant_file("link", path("out/link"), FileAccess::write);
  run("write", {"link"}, "new");
  struct stat facts {};
  REQUIRE(lstat(path("out/link").c_str(), &facts) == 0);
  CHECK(S_ISLNK(facts.st_mode));
  REQUIRE(stat(path("out/real").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0640);
  CHECK(text(path("out/real")) == "new");
}

TEST_CASE_METHOD(TestHost, "a plugin that dies in writing leaves nothing behind") {
  const auto out = folder().path() / "out";
  std::filesystem::create_directory(out);
  Instance tools = load("tools", Isolation::cell).open();
  tools.grant_file("out", (out / "file").string(), FileAccess::write);
  const json params = {{"name", "die"}, {"arguments", {"out"}}, {"input", "half"}};
  const Failure failure =
      failure_of([&] { tools.call_json("bulkhead.command/1", "run", params.dump()); });
  CHECK(failure.status == Status::plugin_crashed);
  CHECK(std::filesystem::is_empty(out));
  // The grants outlive the cell: the next one finds them.
  const json again = {{"name", "write"}, {"arguments", {"out"}}, {"input", "whole"}};
  tools.call_json("bulkhead.command/1", "run", again.dump());
  CHECK(std::filesystem::file_size(out / "file") == 5);
}

TEST_CASE_METHOD(Tools, "handles are bounded, and strange ones are refused") {
  tools().grant_file("file", file("file.txt", "x"), FileAccess::read);
  run("hoard", {"file", "60"});
  run("hoard", {"file", "60"});  // those of the last call were closed
  CHECK(failure_of([&] { run("hoard", {"file", "100"}); }).status == Status::resource_exhausted);
  run("hoard", {"file", "60"});
  CHECK(run("bad-handle", {})["exitCode"] == 0);
}

TEST_CASE_METHOD(Tools, "many threads use the files of one instance") {
  const std::string content(200'000, 'z');
  tools().grant_file("in", file("in.txt", content), FileAccess::read);
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        if (run("read", {"in"})["output"] == content) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 80);
}

TEST_CASE_METHOD(Tools, "a bad grant is refused") {
  CHECK(failure_of([&] { tools().grant_file("", "x", FileAccess::read); }).status ==
        Status::invalid_argument);
  CHECK(failure_of([&] { tools().grant_file("a b", "x", FileAccess::read); }).status ==
        Status::invalid_argument);
  CHECK(failure_of([&] { tools().grant_file("a", "", FileAccess::read); }).status ==
        Status::invalid_argument);
}

TEST_CASE_METHOD(Tools, "the clock runs, and a sleep ends with its call") {
  CHECK(run("sleep", {"2000000"})["exitCode"] == 0);
  CallOptions options;
  options.timeout = std::chrono::milliseconds(50);
  CHECK(failure_of([&] { run("sleep", {"60000000000"}, {}, options); }).status ==
        Status::deadline_exceeded);
  CancelSource cancel;
  cancel.cancel();
  CallOptions cancelled;
  cancelled.cancel = &cancel;
  CHECK(failure_of([&] { run("sleep", {"60000000000"}, {}, cancelled); }).status ==
        Status::cancelled);
}

TEST_CASE_METHOD(Tools, "an interface of data: lists of structs, errors, unknown methods") {
  const json list = json::parse(tools().call_json("bulkhead.command/1", "list", "{}"));
  REQUIRE(list["commands"].size() == 7);
  CHECK(list["commands"][0]["name"] == "read");
  CHECK(list["commands"][1]["help"] == "write NAME [TIMES]");
  CHECK(failure_of([&] { run("no-such-command", {}); }).status == Status::not_found);
  CHECK(failure_of([&] { tools().call_json("bulkhead.command/1", "nothing", "{}"); }).status !=
        Status::ok);
}

TEST_CASE_METHOD(
    Tools, "a host that closes in the middle of a transfer ends the call, and waits for the disk") {
  std::filesystem::create_directory(path("out"));
  tools().grant_file("out", path("out/file"), FileAccess::write);
  Status status = Status::ok;
  std::thread caller([&] {
    status = failure_of([&] { run("write", {"out", "100000"}, std::string(1 << 16, 'x')); }).status;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  host().close();
  caller.join();
  CHECK((status == Status::unavailable || status == Status::cancelled));
  release();
  close();
  CHECK(std::filesystem::is_empty(path("out")));
}
