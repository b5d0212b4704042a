// The host is a guest in its application: it changes nothing of the process, shares nothing with
// other hosts, and takes no time when it has nothing to do.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

extern char** environ;

namespace {

// What of a process a library could change behind the back of its application.
struct ProcessState {
  std::vector<std::string> handlers;  // one a signal
  sigset_t mask{};
  mode_t umask = 0;
  std::string folder;
  std::vector<std::string> environment;

  ProcessState() {
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction action {};
      if (::sigaction(signal, nullptr, &action) != 0) continue;
      handlers.push_back(std::to_string(signal) + ": handler " +
                         std::to_string(reinterpret_cast<std::uintptr_t>(action.sa_handler)) +
                         " flags " + std::to_string(action.sa_flags));
    }
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    umask = ::umask(0);
    ::umask(umask);
    folder = fs::current_path().string();
    for (char** variable = environ; *variable != nullptr; ++variable) {
      environment.emplace_back(*variable);
    }
  }
};

void use_everything(TestHost& test) {
  CHECK(test.codec("null_codec", Isolation::in_process).count("four") == 4);
  Plugin plugin = test.load("crash_call", Isolation::cell);
  const CodecClient codec = plugin.codec();
  CHECK(failure_of([&] { codec.encode("segv"); }).status == Status::plugin_crashed);
  CHECK(codec.encode_async("fine").get().empty());
}

pid_t start_child(int code) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::usleep(20'000);
    ::_exit(code);
  }
  return pid;
}

// A disposition of SIGCHLD for the length of a test.
class ChildSignal {
 public:
  ChildSignal(void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigaction(SIGCHLD, &action, &before_);
  }
  ~ChildSignal() { ::sigaction(SIGCHLD, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

void ignore_child(int) {}

// Processor time in clock ticks, and wake-ups, of all threads of a process.
struct Activity {
  std::uint64_t ticks = 0, wakeups = 0;

  static Activity of(pid_t pid) {
    Activity activity;
    std::error_code gone;
    for (const auto& task :
         fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
      std::ifstream stat_file(task.path() / "stat"), status_file(task.path() / "status");
      std::string stat;
      std::getline(stat_file, stat, '\0');  // empty when the thread is gone by now
      const std::size_t end = stat.rfind(')');
      if (end == std::string::npos) continue;
      std::istringstream fields(stat.substr(end + 1));
      std::string field;
      for (int i = 3; i <= 15 && fields >> field; ++i) {
        if (i >= 14) activity.ticks += std::stoull(field);  // utime, stime
      }
      for (std::string line; std::getline(status_file, line);) {
        if (line.starts_with("voluntary_ctxt_switches:")) {
          activity.wakeups += std::stoull(line.substr(line.find(':') + 1));
        }
      }
    }
    return activity;
  }
};

}  // namespace

TEST_CASE_METHOD(TestHost, "a host changes nothing of its process, during its life and after it") {
  const ProcessState before;
  use_everything(*this);
  const auto compare = [&](const ProcessState& now) {
    CHECK(now.handlers == before.handlers);
    CHECK(std::memcmp(&now.mask, &before.mask, sizeof before.mask) == 0);
    CHECK(now.umask == before.umask);
    CHECK(now.folder == before.folder);
    CHECK(now.environment == before.environment);
  };
  compare(ProcessState());
  close();
  compare(ProcessState());
}

TEST_CASE_METHOD(TestHost, "the application's own children are the application's") {
  host();
  const pid_t first = start_child(41);
  use_everything(*this);
  const pid_t second = start_child(42);
  close();
  int status = 0;
  REQUIRE(::waitpid(first, &status, 0) == first);
  CHECK(WEXITSTATUS(status) == 41);
  REQUIRE(::waitpid(second, &status, 0) == second);
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE_METHOD(TestHost, "a host works where the application ignores SIGCHLD") {
  SECTION("with SIG_IGN") {
    const ChildSignal ignored(SIG_IGN, 0);
    use_everything(*this);
    close();
  }
  SECTION("with SA_NOCLDWAIT") {
    const ChildSignal ignored(ignore_child, SA_NOCLDWAIT);
    use_everything(*this);
    close();
  }
  SECTION("with a handler") {
    const ChildSignal handled(ignore_child, SA_RESTART);
    use_everything(*this);
    close();
  }
  SECTION("with a handler that interrupts system calls") {
    const ChildSignal handled(ignore_child, 0);
    use_everything(*this);
    close();
  }
}

TEST_CASE_METHOD(TestHost, "a host survives an application that reaps every child") {
  std::atomic<bool> stop = false;
  std::thread reaper([&] {
    while (!stop) {
      ::waitpid(-1, nullptr, WNOHANG);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  use_everything(*this);
  close();
  stop = true;
  reaper.join();
}

TEST_CASE_METHOD(TestHost, "signals that the application gets do not disturb calls") {
  struct sigaction action {
  }, before{};
  action.sa_handler = ignore_child;  // no SA_RESTART: every system call may end with EINTR
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  const CodecClient codec = this->codec("slow", Isolation::cell);
  const pthread_t caller = ::pthread_self();
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    while (!stop) {
      ::pthread_kill(caller, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  for (std::uint32_t i = 0; i < 20; ++i) CHECK(codec.encode("10") == CodecClient::Ids{10});
  stop = true;
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE_METHOD(TestHost, "several hosts live in one process and share nothing") {
  const CodecClient ours = codec("null_codec", Isolation::cell);
  {
    Host second(options());
    LoadOptions in_cell;
    in_cell.isolation = Isolation::cell;
    Plugin theirs = second.load("null_codec", in_cell);
    const CodecClient codec = theirs.codec();
    CHECK(codec.count("second") == 6);
    CHECK(ours.count("first") == 5);
    second.close();
    CHECK(failure_of([&] { codec.count("closed"); }).status == Status::unavailable);
  }
  CHECK(ours.count("still there") == 11);
}

TEST_CASE_METHOD(TestHost, "a moved host is the same host") {
  Host moved = std::move(host());
  LoadOptions in_cell;
  in_cell.isolation = Isolation::cell;
  CHECK(moved.load("null_codec", in_cell).codec().count("four") == 4);
}

TEST_CASE_METHOD(TestHost,
                 "what a plugin in a cell prints goes to the log, not to the application") {
  const CodecClient codec = this->codec("writes_stdout", Isolation::cell);
  codec.encode("stdout");
  const auto out = wait_for_log("a line on standard output");
  const auto error = wait_for_log("a line on standard error");
  REQUIRE(out);
  REQUIRE(error);
  CHECK(out->plugin == "writes_stdout 1.0.0");
  CHECK(out->text == "a line on standard output");
  codec.encode("binary");
  const auto noise = wait_for_log("noise");
  REQUIRE(noise);
  // A terminal must be able to show it.
  for (const char c : noise->text) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
}

TEST_CASE_METHOD(BothModes, "log lines of a plugin carry its name, their level and their call") {
  const CodecClient codec = this->codec("writes_stdout");
  codec.encode("call");
  const auto through_call = wait_for_log("a line through the call");
  REQUIRE(through_call);
  CHECK(through_call->plugin == "writes_stdout 1.0.0");
  CHECK(through_call->level == BH_LOG_WARN);
  CHECK(through_call->call != 0);
  codec.encode("service");
  const auto through_service = wait_for_log("a line through the service");
  REQUIRE(through_service);
  CHECK(through_service->plugin == "writes_stdout 1.0.0");
  CHECK(through_service->level == BH_LOG_ERROR);
  CHECK(through_service->call == 0);
}

TEST_CASE_METHOD(TestHost,
                 "the log callback runs one call at a time, and its exceptions go nowhere") {
  std::atomic<int> inside = 0, most = 0, lines = 0;
  options().log = [&](const LogRecord&) {
    most = std::max<int>(most, ++inside);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    --inside;
    ++lines;
  };
  std::vector<std::thread> callers;
  const CodecClient here = codec("writes_stdout", Isolation::in_process);
  const CodecClient there = codec("writes_stdout", Isolation::cell);
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < 10; ++n) {
        here.encode("call");
        there.encode("call");
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  close();
  CHECK(lines > 0);
  CHECK(most == 1);
}

TEST_CASE_METHOD(TestHost, "a host says of itself what ps shows") {
  Plugin plugin = load("null_codec", Isolation::cell);
  const CodecClient codec = plugin.codec();
  codec.count("four");
  const std::string text = host().status_json();
  INFO(text);
  const auto status = nlohmann::json::parse(text);
  CHECK(status.is_object());
  CHECK(status.at("pid") == ::getpid());
  CHECK(status.at("name") == "test");
  CHECK_THAT(text, Contains("null_codec") && Contains("1.5.0") && Contains("cell") &&
                       Contains(std::to_string(plugin.process())));
}

TEST_CASE_METHOD(TestHost, "the control socket is the user's alone, and only there when wanted") {
  const auto sockets = [&] {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder().path() / "run")) {
      if (entry.is_socket()) found.push_back(entry.path());
    }
    return found;
  };
  host();
  REQUIRE(sockets().size() == 1);
  struct ::stat info {};
  REQUIRE(::stat(sockets().front().parent_path().c_str(), &info) == 0);
  CHECK((info.st_mode & 077) == 0);
  close();
  CHECK(sockets().empty());
  options().control_socket = false;
  CHECK(load("null_codec", Isolation::cell).codec().count("four") == 4);
  CHECK(sockets().empty());
}

TEST_CASE_METHOD(TestHost, "an idle host and an idle cell use no processor time") {
#if defined(__SANITIZE_THREAD__)
  WARN("not measured: ThreadSanitizer has a thread of its own that wakes every 100 ms");
  return;
#endif
  Plugin plugin = load("null_codec", Isolation::cell);
  const CodecClient cell = plugin.codec();
  const CodecClient here = codec("null_codec", Isolation::in_process);
  CHECK(cell.count("four") + here.count("four") == 8);
  // Whoever polls is never quiet; whoever doesn't is quiet in the first second or the next.
  bool quiet = false;
  std::uint64_t ticks = 0, wakeups = 0;
  for (int attempt = 0; attempt < 10 && !quiet; ++attempt) {
    std::vector<pid_t> pids = {::getpid()};
    for (const pid_t pid : descendant_processes()) pids.push_back(pid);
    std::vector<Activity> before;
    for (const pid_t pid : pids) before.push_back(Activity::of(pid));
    std::this_thread::sleep_for(std::chrono::seconds(1));
    ticks = wakeups = 0;
    for (std::size_t i = 0; i < pids.size(); ++i) {
      const Activity now = Activity::of(pids[i]);
      ticks += now.ticks - before[i].ticks;
      wakeups += now.wakeups - before[i].wakeups;
    }
    quiet = ticks < 3 && wakeups < 10;
  }
  INFO("in the last second: " << ticks << " ticks, " << wakeups << " wake-ups");
  CHECK(quiet);
}
