// The store of commands at its kill points: between the intent and the start.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <catch2/catch.hpp>
#include <bulkhead/abi/draft/commands.h>

#include "host/services/command_store.hpp"
#include "sdk/include/bulkhead/testing/call.hpp"
#include "tests/fixture/residue.hpp"
#include "tests/fixture/temp_folder.hpp"
#include "tests/sandbox/kept_job.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using host::CommandStore;

namespace {

struct Stores {
  Stores() {
    Residue();  // orphans come to this process, which reaps them
  }
  ~Stores() {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
  CommandStore with(const std::string& launcher) const {
    return CommandStore((folder.path() / "commands").string(), [launcher] { return launcher; });
  }
  CommandStore real() const { return with(BULKHEAD_LAUNCHER_PROGRAM); }
  // A launcher that does this first.
  std::string script(const std::string& text) const {
    const std::string path = folder.write("launcher", "#!/bin/sh\n" + text).string();
    chmod(path.c_str(), 0755);
    return path;
  }
  static CommandStore::Start shell(const std::string& key, const std::string& text) {
    return {key, "tag", "name", KeptJob::shell(text)};
  }
  // In a process of its own, which the launcher kills.
  void start_and_die(const CommandStore& store, const CommandStore::Start& start) const {
    const pid_t pid = fork();
    if (pid == 0) {
      testing::TestCall call;
      try {
        store.start(sdk::Call(call), start);
      } catch (const std::exception&) {
      }
      _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    REQUIRE(WIFSIGNALED(status));
  }
  bh_status failure(const std::function<void()>& body) const {
    try {
      body();
    } catch (const sdk::PluginError& error) {
      return error.status();
    }
    return BH_OK;
  }
  void destroy(const CommandStore& store, const std::string& key) {
    testing::TestCall call;
    while (!store.destroy(sdk::Call(call), key)) {
    }
    CHECK(!std::filesystem::exists(folder.path() / "commands" / key));
  }

  TempFolder folder;
  testing::TestCall call;
};

TEST_CASE_METHOD(Stores, "a host that is killed after the intent has started nothing") {
  const CommandStore dying = with(script("kill -9 $PPID; exit 1"));
  start_and_die(dying, shell("a", "echo first"));
  const CommandStore store = real();
  CHECK(std::filesystem::exists(folder.path() / "commands/a/intent.json"));
  CHECK(failure([&] { store.find("a"); }) == BH_NOT_FOUND);
  CHECK(failure([&] { store.status("a"); }) == BH_NOT_FOUND);
  CHECK(store.list("tag").empty());
  // Nothing ran under the key: another request may have it.
  store.start(sdk::Call(call), shell("a", "echo second"));
  CHECK(becomes_true([&] { return store.status("a").state == BH_COMMAND_ENDED; }));
  CHECK(store.logs(sdk::Call(call), "a", 0, 0, 0s).bytes == "second\n");
  destroy(store, "a");
}

TEST_CASE_METHOD(Stores, "a keeper that comes up after its host died runs the command once") {
  const std::string mark = "3000." + std::to_string(getpid());
  const auto request = shell("a", "exec sleep " + mark);
  const std::string late =
      script("kill -9 $PPID; sleep 0.1; exec " BULKHEAD_LAUNCHER_PROGRAM " \"$@\"");
  start_and_die(with(late), request);
  const CommandStore store = real();
  SECTION("nobody asks") {
    CHECK(becomes_true([&] { return failure([&] { store.find("a"); }) == BH_OK; }));
  }
  SECTION("another host starts it at the same time") { store.start(sdk::Call(call), request); }
  CHECK(becomes_true([&] { return processes_with(mark).size() == 1; }));
  std::this_thread::sleep_for(200ms);  // the late one had its chance
  CHECK(processes_with(mark).size() == 1);
  destroy(store, "a");
  CHECK(processes_with(mark).empty());
}

TEST_CASE_METHOD(Stores,
                 "a host that is killed while it makes the intent leaves nothing in the way") {
  const CommandStore store = real();
  folder.write("commands/.new/intent.json.tmp", "{");
  folder.write("commands/.gone-1-x/log", "old");
  store.start(sdk::Call(call), shell("a", "echo up"));
  CHECK(!std::filesystem::exists(folder.path() / "commands/.gone-1-x"));
  CHECK(store.list("tag").size() == 1);
  destroy(store, "a");
}

TEST_CASE_METHOD(Stores, "a launcher that fails starts nothing, and leaves nothing") {
  const CommandStore store = with(script("exit 1"));
  CHECK(failure([&] { store.start(sdk::Call(call), shell("a", "true")); }) == BH_INTERNAL);
  CHECK(failure([&] { with("/no/such/launcher").start(sdk::Call(call), shell("b", "true")); }) ==
        BH_INTERNAL);
  CHECK(!std::filesystem::exists(folder.path() / "commands/a"));
  CHECK(!std::filesystem::exists(folder.path() / "commands/b"));
}

TEST_CASE_METHOD(Stores, "damaged state is named, and can be destroyed") {
  const CommandStore store = real();
  store.start(sdk::Call(call), shell("a", "true"));
  REQUIRE(becomes_true([&] { return store.status("a").state == BH_COMMAND_ENDED; }));
  const auto end = folder.path() / "commands/a/end.json";
  for (const char* text : {"", "{", "[]", "{}", "{\"reason\": 5}", "{\"reason\": \"odd\"}"}) {
    std::ofstream(end, std::ios::trunc) << text;
    INFO(text);
    CHECK(failure([&] { store.status("a"); }) == BH_DATA_INVALID);
    REQUIRE(store.list("tag").size() == 1);
    CHECK(store.list("tag").front().state == BH_COMMAND_LOST);
  }
  destroy(store, "a");
}

TEST_CASE_METHOD(Stores, "a folder that others can write to starts nothing") {
  folder.write("commands/x", "");
  chmod((folder.path() / "commands").c_str(), 0777);
  CHECK(failure([&] { real().start(sdk::Call(call), shell("a", "true")); }) ==
        BH_PERMISSION_DENIED);
}

TEST_CASE_METHOD(Stores, "a store has room for so many commands") {
  for (int i = 0; i < 1024; ++i) {
    std::filesystem::create_directories(folder.path() / "commands" / ("k" + std::to_string(i)));
  }
  chmod((folder.path() / "commands").c_str(), 0700);
  CHECK(failure([&] { real().start(sdk::Call(call), shell("a", "true")); }) ==
        BH_RESOURCE_EXHAUSTED);
}

}  // namespace
