// What a cell can do to a host: nothing but end. The host reports it and carries on.
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct Cells : TestHost {
  CodecClient cell(std::string_view id, const Config& config = {}) {
    return codec(id, Isolation::cell, config);
  }
};

// All threads of a process are stopped.
bool stopped(int process) {
  const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::string stat;
    std::getline(std::ifstream(task.path() / "stat"), stat);
    if (stat.substr(stat.rfind(')') + 2, 1) != "T") return false;
  }
  return true;
}

}  // namespace

TEST_CASE_METHOD(Cells,
                 "a cell that crashes in a call is an error that says how, and a new one follows") {
  Plugin plugin = load("crash_call", Isolation::cell);
  const CodecClient codec = plugin.codec();
  const CodecClient bystander = cell("null_codec");
  struct Crash {
    const char* how;
    const char* word;
  };
  const auto crash = GENERATE(Crash{"segv", "SIGSEGV"}, Crash{"abort", "SIGABRT"},
                              Crash{"exit", "3"}, Crash{"_exit", "exited"});
  const int before = plugin.process();
  CHECK(before > 0);
  const Failure failure = failure_of([&] { codec.encode(crash.how); });
  CHECK(failure.status == Status::plugin_crashed);
  CHECK_THAT(failure.message, Contains("crash_call") && Contains(crash.word));
  const auto record = wait_for_log("its cell ");
  REQUIRE(record);
  CHECK(record->level == BH_LOG_INFO);  // the caller was told
  CHECK(bystander.count("untouched") == 9);
  CHECK(codec.encode("and again").empty());
  CHECK(plugin.process() != before);
}

TEST_CASE_METHOD(Cells, "what a cell wrote before it ended stands in the log before its end") {
  // The log is busy with the first line until the end of the cell is known.
  std::promise<void> ended;
  const std::shared_future<void> end = ended.get_future().share();
  options().log = [end, next = options().log](const LogRecord& record) {
    next(record);
    if (record.text.find("last words") != std::string::npos) end.wait_for(20s);
  };
  const CodecClient codec = cell("crash_call");
  CHECK(failure_of([&] { codec.encode("last words"); }).status == Status::plugin_crashed);
  ended.set_value();
  REQUIRE(wait_for_log("its cell exited"));
  unsigned lines = 0;
  for (const LogRecord& record : log()) {
    if (record.text.find("last words") != std::string::npos) ++lines;
    if (record.text.find("its cell exited") != std::string::npos) break;
  }
  CHECK(lines == 15);
}

TEST_CASE_METHOD(Cells, "a crash answers before the deadline, whoever waits") {
  const CodecClient codec = cell("crash_call");
  CallOptions options;
  options.timeout = 10h;  // far beyond the time limit of this test
  CHECK(failure_of([&] { codec.encode("segv", {}, options); }).status == Status::plugin_crashed);
  std::future<CodecClient::Ids> result = codec.encode_async("abort", {}, options);
  CHECK(failure_of([&] { result.get(); }).status == Status::plugin_crashed);
}

TEST_CASE_METHOD(Cells, "all calls in flight in a cell that crashes get an answer") {
  Plugin plugin = load("spin", Isolation::cell);
  const CodecClient codec = plugin.codec();
  std::vector<std::future<std::string>> running;
  for (int i = 0; i < 20; ++i) running.push_back(codec.decode_async({}));
  REQUIRE(::kill(plugin.process(), SIGKILL) == 0);
  for (auto& result : running) {
    const Failure failure = failure_of([&] { result.get(); });
    CHECK(failure.status == Status::plugin_crashed);
    CHECK_THAT(failure.message, Contains("SIGKILL"));
  }
  CHECK(codec.count("next") == 4);
}

TEST_CASE_METHOD(Cells, "a cell that is killed while idle is replaced without an error") {
  Plugin plugin = load("null_codec", Isolation::cell);
  const CodecClient codec = plugin.codec();
  CHECK(codec.count("one") == 3);
  const int first = plugin.process();
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(eventually([&] { return plugin.process() != first; }));
  CHECK(codec.count("two!") == 4);
  CHECK(plugin.process() != first);
  const auto record = wait_for_log("SIGKILL");
  REQUIRE(record);
  CHECK(record->level == BH_LOG_ERROR);  // no call tells of it
}

TEST_CASE_METHOD(Cells, "a stopped cell is ended at the deadline") {
  policy("[limits]\ngrace = \"100 ms\"\n");
  Plugin plugin = load("null_codec", Isolation::cell);
  const CodecClient codec = plugin.codec();
  REQUIRE(::kill(plugin.process(), SIGSTOP) == 0);
  // Each of its threads stops on its own; one that has not yet might answer.
  REQUIRE(eventually([&] { return stopped(plugin.process()); }));
  CallOptions options;
  options.timeout = 50ms;
  CHECK(failure_of([&] { codec.count("text", {}, options); }).status == Status::deadline_exceeded);
  CHECK(codec.count("next") == 4);
}

TEST_CASE_METHOD(Cells, "an instance comes back with the configuration that it had") {
  Plugin plugin = load("echo_config", Isolation::cell);
  const CodecClient codec = plugin.codec({{"name", std::string("Ada")}});
  const CodecClient other = plugin.codec({{"name", std::string("Bob")}});
  const int first = plugin.process();
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(eventually([&] { return plugin.process() != first; }));
  CHECK_THAT(codec.decode({}), Contains("name=Ada"));
  CHECK_THAT(other.decode({}), Contains("name=Bob"));
}

TEST_CASE_METHOD(Cells, "a plugin that crashes too often is unavailable, and only it") {
  policy("[limits]\ncrashes = 2\ncrash_window = \"1 h\"\n");
  const CodecClient codec = cell("crash_call");
  const CodecClient bystander = cell("null_codec");
  for (int i = 0; i < 3; ++i) {
    INFO("crash " << i + 1);
    CHECK(failure_of([&] { codec.encode("segv"); }).status == Status::plugin_crashed);
  }
  const Failure failure = failure_of([&] { codec.encode("harmless"); });
  CHECK(failure.status == Status::unavailable);
  CHECK_THAT(failure.message, Contains("crash_call") && Contains("SIGSEGV") && Contains("crash"));
  CHECK(bystander.count("fine") == 4);
}

TEST_CASE_METHOD(Cells, "a cell that babbles on its connection is ended, and named") {
  const CodecClient codec = cell("babble");
  const CodecClient bystander = cell("null_codec");
  const auto what = GENERATE("noise", "segments", "size", "empty", "text");
  DYNAMIC_SECTION("babbling " << what) {
    const Failure failure = failure_of([&] { codec.encode(what); });
    CHECK(failure.status == Status::protocol_error);
    CHECK_THAT(failure.message, Contains("babble"));
    CHECK(bystander.count("untouched") == 9);
    CHECK(codec.count("next") == 4);
  }
}

TEST_CASE_METHOD(Cells, "a cell without memory ends alone") {
  // Not under a sanitizer, where a cell has no limit of its address space.
  if (load("null_codec", Isolation::cell).level().number == 0) return;
  policy("[[rule]]\nmatch = \"oom\"\n[rule.limits]\nmemory = \"256 MiB\"\n");
  close();
  const CodecClient codec = cell("oom");
  const Failure report = failure_of([&] { codec.encode("report"); });
  CHECK(report.status == Status::out_of_memory);
  CHECK_THAT(report.message, Contains("has eaten everything"));
}

TEST_CASE_METHOD(Cells, "a result that the cell has no memory to send is out of memory, in words") {
  if (load("null_codec", Isolation::cell).level().number == 0) return;
  policy("[limits]\nmemory = \"512 MiB\"\n");
  close();
  const CodecClient codec = cell("big_output");
  const Failure failure = failure_of([&] { codec.encode("300 MiB"); });
  CHECK(failure.status == Status::out_of_memory);
  CHECK_THAT(failure.message,
             Contains("big_output") && Contains("limits.memory") && !Contains("calloc"));
  CHECK(codec.count("next") == 4);
}

TEST_CASE_METHOD(Cells, "a cell has the policy's memory, not what its manifest asks for") {
  const auto from = std::filesystem::path(BULKHEAD_FAULTY_PACKAGES) / "big_output/1.0.0";
  const auto to = folder().path() / "plugins/big_output/1.0.0";
  std::filesystem::create_directories(to.parent_path());
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  std::ofstream(to / "plugin.toml", std::ios::app) << "[permissions]\nmemory = \"64 MiB\"\n";
  plugins(folder().path() / "plugins");
  CHECK(cell("big_output").encode("300 MiB").size() == 300u * 1024 * 1024 / 4);
}

TEST_CASE_METHOD(Cells,
                 "a cell that hangs up and stays is ended, and told from one that was killed") {
  const Failure failure = failure_of([&] { cell("crash_call").encode("hang up"); });
  CHECK(failure.status == Status::plugin_crashed);
  CHECK_THAT(failure.message, Contains("closed its connection") || Contains("exited with code 0"));
}

TEST_CASE_METHOD(Cells, "a cell that dies of its memory limit is a crash") {
  if (load("null_codec", Isolation::cell).level().number == 0) return;
  policy("[[rule]]\nmatch = \"oom\"\n[rule.limits]\nmemory = \"256 MiB\"\n");
  close();
  const CodecClient codec = cell("oom");
  CHECK(failure_of([&] { codec.encode("die of it"); }).status == Status::plugin_crashed);
  CHECK(codec.count("next") == 4);
}

TEST_CASE_METHOD(Cells, "a cell can't open the machine's files") {
  if (load("null_codec", Isolation::cell).level().number == 0) return;
  const CodecClient codec = cell("opens_passwd");
  const Failure failure = failure_of([&] { codec.encode("now"); });
  // Refused by the filter, or ended by it: then the report names the reason.
  if (failure.status != Status::permission_denied) {
    CHECK(failure.status == Status::plugin_crashed);
    CHECK_THAT(failure.message, Contains("SIGSYS") && Contains("sandbox"));
  }
}

TEST_CASE_METHOD(Cells, "a cell has none of the host's descriptors") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);  // inherited by whoever forks
  REQUIRE(::dup2(ends[0], 57) == 57);
  const std::string open = cell("fd_count").decode({});
  std::set<int> found;
  std::istringstream list(open);
  for (int fd = 0; list >> fd;) found.insert(fd);
  INFO("open in the cell: " << open);
  CHECK(found.count(0) == 1);
  CHECK(found.count(3) == 1);  // the connection
  CHECK(found.count(57) == 0);
  CHECK(found.count(ends[1]) + found.size() <= 12);  // what a cell needs for itself
  close();
  ::close(57);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE_METHOD(Cells, "the host lives on when the launcher is killed") {
  Plugin plugin = load("null_codec", Isolation::cell);
  const CodecClient codec = plugin.codec();
  CHECK(codec.count("one") == 3);
  for (const auto& [pid, state] : child_processes()) ::kill(pid, SIGKILL);
  // Its cells go with it; the next call starts a new launcher and a new cell, or says why not.
  bool answered = false;
  REQUIRE(eventually([&] {
    try {
      answered = codec.count("two!") == 4;
    } catch (const Error& error) {
      if (error.status() != Status::plugin_crashed) throw;
    }
    return answered;
  }));
}

TEST_CASE_METHOD(Cells, "a hundred crashes leave the host as it was") {
  policy("[limits]\ncrashes = 1000\n");
  const CodecClient codec = cell("crash_call");
  CHECK(failure_of([&] { codec.encode("segv"); }).status == Status::plugin_crashed);
  codec.encode("fine");
  const std::size_t descriptors = open_descriptors().size(), running = threads().size();
  const auto processes = [] { return descendant_processes().size(); };
  const std::size_t before = processes();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(failure_of([&] { codec.encode("abort"); }).status == Status::plugin_crashed);
  }
  codec.encode("fine");
  CHECK(eventually([&] {
    return processes() <= before && open_descriptors().size() <= descriptors &&
           threads().size() <= running;
  }));
}
