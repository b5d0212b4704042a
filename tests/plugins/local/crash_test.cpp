// Hosts that are killed while a job runs, or while they start one; keepers that are killed.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <catch2/catch.hpp>
#include <bulkhead/provider_client.hpp>

#include "sandbox/keep/job_folder.hpp"
#include "tests/plugins/local/jobs.hpp"
#include "tests/sandbox/kept_job.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// A host in a process of its own, to be killed.
class OtherHost {
 public:
  OtherHost(const TempFolder& folder, Isolation isolation, const std::string& intent,
            const std::string& script) {
    const auto policy =
        folder.write("other.toml", std::string("policy = 1\n") + kGrantCommands).string();
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl(JOB_HOST, JOB_HOST, BULKHEAD_BUILT_PLUGINS, policy.c_str(),
            isolation == Isolation::cell ? "cell" : "in-process", intent.c_str(), script.c_str(),
            nullptr);
      _exit(127);
    }
    close(ends[1]);
    output_.reset(ends[0]);
  }
  ~OtherHost() { kill_now(); }
  OtherHost(const OtherHost&) = delete;

  std::string line() {
    std::string text;
    for (char c = 0; read(output_.get(), &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  void kill_now() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  wire::UniqueFd output_;
};

using Modes = WithJobs<BothModes>;
using Either = WithJobs<TestHost>;

TEST_CASE_METHOD(Modes,
                 "a host that is killed leaves its job running, and the next one has it whole") {
  const std::string script =
      "i=0; echo begin; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo middle; "
      "trap 'echo end; exit 9' TERM; while :; do sleep 0.01; done";
  std::string handle;
  {
    OtherHost other(folder(), isolation(), "survivor", script);
    const std::string line = other.line();
    INFO(line);
    REQUIRE(line.starts_with("submitted "));
    handle = line.substr(10);
    other.kill_now();
  }
  const ProviderClient local = open();
  CHECK(local.recover(handle) == handle);
  CHECK(local.find("survivor") == handle);
  CHECK(local.submit("survivor", [&] {
    JobSpec same = shell(script);
    same.tag = "crash";
    return same;
  }()) == handle);
  CHECK(local.list_owned("crash").size() == 1);
  CHECK(local.status(handle).state == JobState::running);
  REQUIRE(eventually([&] { return local.logs(handle).bytes == "begin\nmiddle\n"; }));
  local.stop(handle, 1h);
  CHECK(whole_log(local, handle) == "begin\nmiddle\nend\n");
  const JobStatus status = wait(local, handle);
  CHECK(status.exit_code == 9);
  CHECK(status.reason == JobReason::stopped);
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Modes, "a host that is killed at any moment of a start leaves one job, or none") {
  std::mt19937 random(11);
  const ProviderClient local = open();
  unsigned found = 0, absent = 0;
  for (int i = 0; i < 24; ++i) {
    const std::string intent = "chaos-" + std::to_string(i);
    const std::string mark = "2000." + std::to_string(getpid()) + std::to_string(100 + i);
    const std::string script = "exec sleep " + mark;
    {
      OtherHost other(folder(), isolation(), intent, script);
      if (i % 3 == 0) {
        other.line();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 150'000));
      }
    }
    JobSpec same = shell(script);
    same.tag = "crash";
    std::string handle;
    try {
      handle = local.find(intent);
      ++found;
    } catch (const Error& error) {
      REQUIRE(error.status() == Status::not_found);
      ++absent;
    }
    const std::string submitted = local.submit(intent, same);
    CHECK((handle.empty() || handle == submitted));
    CHECK(local.status(submitted).state == JobState::running);
    CHECK(eventually([&] { return processes_with(mark).size() == 1; }));
    CHECK(local.destroy(submitted));
    CHECK(processes_with(mark).empty());
  }
  INFO(found << " found, " << absent << " absent");
  CHECK(found > 0);
}

TEST_CASE_METHOD(Either, "a job whose keeper is killed is lost, and not started again") {
  const ProviderClient local(load("local", Isolation::cell).open());
  const std::string mark = "2001." + std::to_string(getpid());
  JobSpec spec = shell("echo up; exec sleep " + mark);
  const std::string handle = local.submit("lost", spec);
  CHECK(local.logs(handle, 0, 60s).bytes == "up\n");
  const std::string path = (folder().path() / "state/bulkhead/commands/local/lost").string();
  pid_t keeper = 0;
  for (const pid_t pid : processes_with(path)) {
    std::error_code gone;
    const auto place = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd", gone);
    if (place == path) keeper = pid;
  }
  REQUIRE(keeper != 0);
  REQUIRE(kill(keeper, SIGKILL) == 0);
  CHECK(eventually([&] { return !local.status(handle).running(); }));
  CHECK(eventually([&] { return processes_with(mark).empty(); }));
  const JobStatus status = local.status(handle);
  CHECK(status.state == JobState::failed);
  CHECK(status.reason == JobReason::lost);
  CHECK(status.exit_code == -1);
  CHECK_THAT(status.message, Contains("keeper was killed"));
  CHECK(local.submit("lost", spec) == handle);
  CHECK(local.status(handle).reason == JobReason::lost);
  const JobLog log = local.logs(handle);
  CHECK(log.bytes == "up\n");
  CHECK(local.logs(handle, log.next, 60s).ended);
  local.stop(handle, 0s);
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Either, "a cell that is killed takes no job along") {
  Plugin plugin = load("local", Isolation::cell);
  const ProviderClient local(plugin.open());
  const std::string handle = local.submit("steady", shell("echo up; exec sleep 1000"));
  const int first = plugin.process();
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(eventually([&] { return plugin.process() != first; }));
  CHECK(local.status(handle).running());
  CHECK(local.logs(handle, 0, 60s).bytes == "up\n");
  CHECK(local.destroy(handle));
}

TEST_CASE_METHOD(Either, "hosts side by side that submit the same intent start it once") {
  const std::string mark = "2002." + std::to_string(getpid());
  const std::string script = "exec sleep " + mark;
  std::vector<std::unique_ptr<OtherHost>> hosts;
  for (int i = 0; i < 4; ++i) {
    hosts.push_back(std::make_unique<OtherHost>(
        folder(), i % 2 == 0 ? Isolation::cell : Isolation::in_process, "shared", script));
  }
  for (const auto& other : hosts) CHECK(other->line() == "submitted local/1/shared");
  CHECK(eventually([&] { return processes_with(mark).size() == 1; }));
  hosts.clear();
  const ProviderClient local(load("local", Isolation::in_process).open());
  CHECK(processes_with(mark).size() == 1);
  CHECK(local.destroy(local.find("shared")));
}

}  // namespace
