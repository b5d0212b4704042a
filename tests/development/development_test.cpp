// A development cell: a debugger attaches, core is dumped, sanitizers report; and it never comes
// unasked.
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <thread>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct Development : TestHost {
  Development() { plugins(BUGGY_PLUGINS); }
  Plugin develop(std::string_view id) {
    LoadOptions options;
    options.development = true;
    return host().load(id, options);
  }
  std::filesystem::path cores() const { return folder().path() / "state/bulkhead/cores"; }
};

std::string output_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  while (const std::size_t size = fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, size);
  pclose(pipe);
  return output;
}

bool has_gdb() {
  if (access("/usr/bin/gdb", X_OK) == 0) return true;
  WARN("there is no gdb here (apt install gdb)");
  return false;
}

std::string gdb(const std::string& arguments) {
  return output_of("gdb -nx -batch -iex 'set debuginfod enabled off' " + arguments);
}

// The kernel gives the files of a process to its user only where that one may trace it, else to
// root. Nothing: the cell runs as root, so that this says nothing.
std::optional<bool> inspectable(int process) {
  const std::string folder = "/proc/" + std::to_string(process);
  std::ifstream status(folder + "/status");
  std::string word;
  while (status >> word && word != "Uid:") {
  }
  uid_t user = 0;
  REQUIRE(status >> user);
  if (user == 0) return std::nullopt;
  struct stat memory {};
  REQUIRE(stat((folder + "/mem").c_str(), &memory) == 0);
  return memory.st_uid == user;
}

std::string missing_of(const Plugin& plugin) {
  std::string all;
  for (const std::string& sentence : plugin.level().missing) all += sentence + "\n";
  return all;
}

std::string core_pattern() {
  std::string pattern;
  std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
  return pattern;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    files.push_back(entry.path());
  }
  return files;
}

}  // namespace

TEST_CASE_METHOD(Development, "a development cell has level 0 and says why; others are as ever") {
  Plugin normal = load("bugs", Isolation::cell);
  Plugin developed = develop("bugs");
  CHECK(developed.isolation() == Isolation::cell);
  CHECK(developed.level().number == 0);
  CHECK_THAT(missing_of(developed), Contains("development profile"));
  CHECK(inspectable(developed.process()) != false);

  CHECK(normal.level().number == host().probe_level().number);
  CHECK_THAT(missing_of(normal), !Contains("development"));
  CHECK(inspectable(normal.process()) != true);
  const auto record = wait_for_log("development cell");
  REQUIRE(record);
  CHECK(record->level == BH_LOG_WARN);
  CHECK_THAT(record->text, Contains("-p " + std::to_string(developed.process())));
  CHECK(developed.codec().encode("fine").empty());
}

TEST_CASE_METHOD(Development, "a policy can ask for development cells, for one plugin") {
  policy("[[rule]]\nmatch = 'bugs'\ndevelopment = true\n");
  CHECK_THAT(missing_of(load("bugs", Isolation::cell)), Contains("development profile"));
  CHECK_THAT(missing_of(load("bugs_undefined", Isolation::cell)), !Contains("development"));
  Plugin in_process = load("bugs", Isolation::in_process);
  CHECK(in_process.isolation() == Isolation::in_process);
}

TEST_CASE_METHOD(Development, "a minimum level above 0 refuses a development cell") {
  policy("[[rule]]\nmatch = 'bugs'\nminimum_level = 1\n");
  const Failure failure = failure_of([&] { develop("bugs"); });
  CHECK(failure.status == Status::permission_denied);
  CHECK_THAT(failure.message,
             Contains("a development cell (asked for by the application) has level 0") &&
                 Contains("the rule 'bugs' in") && Contains("demands at least level 1"));
  LoadOptions options;
  options.development = true;
  options.minimum_level = 2;
  CHECK(failure_of([&] { host().load("bugs_undefined", options); }).status ==
        Status::permission_denied);
}

TEST_CASE_METHOD(Development, "in process there is no development profile") {
  LoadOptions options;
  options.development = true;
  options.isolation = Isolation::in_process;
  const Failure failure = failure_of([&] { host().load("bugs", options); });
  CHECK(failure.status == Status::invalid_argument);
  CHECK_THAT(failure.message, Contains("leave one of the two out"));
}

TEST_CASE_METHOD(Development,
                 "gdb attaches to a development cell and sees the plugin's functions") {
  if (!has_gdb()) return;
  Plugin plugin = develop("bugs");
  const CodecClient codec = plugin.codec();
  CancelSource cancel;
  CallOptions options;
  options.timeout = 10min;
  options.cancel = &cancel;
  std::thread call([&] { CHECK_THROWS_AS(codec.encode("spin", {}, options), Error); });
  const std::string pid = std::to_string(plugin.process());
  std::string trace;
  CHECK(eventually([&] {
    trace = gdb("-iex 'set sysroot /proc/" + pid + "/root' /proc/" + pid + "/exe -p " + pid +
                " -ex 'thread apply all bt'");
    return trace.find("spin_until_stopped") != std::string::npos;
  }));
  CHECK_THAT(trace, Contains("bugs.cpp"));
  cancel.cancel();
  call.join();
  CHECK(codec.encode("fine").empty());  // it goes on afterwards
}

TEST_CASE_METHOD(Development, "a start that waits for a debugger goes on when one is attached") {
  std::promise<void> loaded;
  std::thread debugger([&] {
    const auto line = wait_for_log("development cell");
    REQUIRE(line);
    REQUIRE(wait_for_log("waiting for a debugger"));
    const std::size_t at = line->text.rfind("-p ") + 3;
    const pid_t pid = std::stoi(line->text.substr(at));
    REQUIRE(ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0);
    loaded.get_future().wait();
    REQUIRE(ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) == 0);
    REQUIRE(waitpid(pid, nullptr, __WALL) == pid);
    REQUIRE(ptrace(PTRACE_DETACH, pid, nullptr, nullptr) == 0);
  });
  LoadOptions options;
  options.wait_for_debugger = true;
  Plugin plugin = host().load("bugs", options);
  loaded.set_value();
  debugger.join();
  CHECK(plugin.level().number == 0);
  CHECK(plugin.codec().encode("fine").empty());
}

TEST_CASE_METHOD(Development, "a start that no debugger comes for ends in a sentence") {
  LoadOptions options;
  options.wait_for_debugger = true;
  options.start_timeout = 100ms;
  const Failure failure = failure_of([&] { host().load("bugs", options); });
  CHECK(failure.status == Status::deadline_exceeded);
  CHECK_THAT(failure.message, Contains("no debugger was attached in time"));
}

TEST_CASE_METHOD(Development, "a crash in a development cell dumps core, elsewhere it does not") {
  const std::string pattern = core_pattern();
  if (pattern.empty() || pattern[0] == '|' || pattern.find('/') != std::string::npos) {
    WARN("kernel.core_pattern is '" << pattern << "': core dumps go elsewhere");
    return;
  }
  const CodecClient normal = codec("bugs", Isolation::cell);
  CHECK_THAT(failure_of([&] { normal.encode("crash"); }).message, !Contains("core dumped"));
  CHECK(files_in(cores()).empty());

  const CodecClient developed = develop("bugs").codec();
  const Failure failure = failure_of([&] { developed.encode("crash"); });
  CHECK_THAT(failure.message, Contains("SIGSEGV") && Contains("core dumped"));
  const auto files = files_in(cores());
  REQUIRE(files.size() == 1);
  if (!has_gdb()) return;
  CHECK_THAT(gdb("-iex 'set solib-search-path " BUGGY_PLUGINS "/bugs/1.0.0/lib' " LAUNCHER " " +
                 files.front().string() + " -ex bt"),
             Contains("write_to_nowhere") && Contains("bugs.cpp"));
}

TEST_CASE_METHOD(Development,
                 "without a folder for core dumps a development cell works, and says so") {
  folder().write("state/bulkhead/cores", "no folder");
  const CodecClient developed = develop("bugs").codec();
  CHECK_THAT(failure_of([&] { developed.encode("crash"); }).message, !Contains("core dumped"));
  const auto record = wait_for_log("development cell");
  REQUIRE(record);
  const std::string pattern = core_pattern();
  if (!pattern.empty() && pattern[0] != '|' && pattern[0] != '/') {
    CHECK_THAT(record->text, Contains("their folder can't be used"));
  }
}

TEST_CASE_METHOD(Development, "AddressSanitizer reports a plugin's bug, with the line") {
  const CodecClient codec = develop("bugs_address").codec();
  CHECK(codec.encode("fine").empty());
  const Failure failure = failure_of([&] { codec.encode("overflow"); });
  CHECK(failure.status == Status::plugin_crashed);
  CHECK_THAT(failure.message, Contains("SIGABRT"));
  CHECK(wait_for_log("heap-buffer-overflow"));
  CHECK(wait_for_log("bugs.cpp"));
}

TEST_CASE_METHOD(Development, "a plugin with AddressSanitizer is refused by a normal cell") {
  const Failure failure = failure_of([&] { load("bugs_address", Isolation::cell); });
  CHECK(failure.status == Status::version_mismatch);
  CHECK_THAT(failure.message, Contains("AddressSanitizer"));
}

TEST_CASE_METHOD(Development, "UndefinedBehaviorSanitizer reports a plugin's bug, with the line") {
  const CodecClient codec = develop("bugs_undefined").codec();
  codec.encode("shift");
  const auto record = wait_for_log("runtime error: shift exponent 40 is too large");
  REQUIRE(record);
  CHECK_THAT(record->text, Contains("bugs.cpp"));
}
