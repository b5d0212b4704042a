// Commands that are kept: what they see, what ends them, and what is known afterwards.
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

#include <atomic>

#include "tests/sandbox/kept_job.hpp"

using namespace bulkhead::test;
using namespace bulkhead;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using sandbox::KeepReport;

namespace {

// Waits for a line of the log.
bool prints(const KeptJob& job, const std::string& words) {
  return becomes_true([&] { return job.log().find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("a command runs, its output is kept, its end is written down") {
  const KeptJob job;
  CHECK(job.run("echo out; echo err >&2; exit 7") == "out\nerr\n");
  CHECK_THAT(job.end(), Contains("\"reason\": \"exited\", \"exit_code\": 7"));
  CHECK_THAT(job.end(), Contains("\"log_bytes\": 8, \"log_dropped\": 0"));
  CHECK(job.has("started.json"));
  CHECK_FALSE(job.has("control"));
  CHECK_FALSE(job.has("end.json.tmp"));
  CHECK(becomes_true([&] { return job.keepers().empty(); }));
}

TEST_CASE("a command is started once, whoever asks") {
  const KeptJob job;
  const auto request = KeptJob::shell("echo once; sleep 1000");
  CHECK(job.start(request).outcome == KeepReport::started);
  CHECK(job.start(request).outcome == KeepReport::kept_already);  // it runs
  CHECK(prints(job, "once"));
  sandbox::stop_command(job.folder(), 0s);
  job.wait();
  CHECK(job.start(request).outcome == KeepReport::kept_already);  // it ended
  CHECK(job.log() == "once\n");
}

TEST_CASE("many who start the same command at the same time start it once") {
  const KeptJob job;
  std::vector<std::thread> threads;
  std::atomic<int> started{0}, failed{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const KeepReport report = job.start(KeptJob::shell("echo once"));
      started += report.outcome == KeepReport::started;
      failed += report.outcome == KeepReport::failed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  job.wait();
  CHECK(started == 1);
  CHECK(failed == 0);
  CHECK(job.log() == "once\n");
}

TEST_CASE("a command sees the system read-only, its folder, and nothing else") {
  const KeptJob job;
  const std::string log = job.run(R"sh(
    id -un; pwd; echo "home $HOME tmp $TMPDIR"
    echo "dev: $(ls /dev | tr '\n' ' ')"
    ls -d /proc/self /root /home /etc/shadow /run /var 2>&1 | sed 's/^/none: /'
    for place in / /usr /etc /dev; do touch $place/file 2>/dev/null && echo "wrote to $place"; done
    touch /work/file /tmp/other && ls /work
    echo x > /dev/null && head -c 3 /dev/zero | wc -c
    env | grep -c BULKHEAD
    true)sh");
  INFO(log);
  CHECK_THAT(log, Contains("job\n/work\nhome /work tmp /work\n"));
  CHECK_THAT(log, Contains("dev: full null random urandom zero \n"));
  for (const char* gone : {"/proc/self", "/root", "/home", "/etc/shadow", "/run", "/var"}) {
    CHECK_THAT(log, Contains(std::string("'") + gone + "': No such file"));
  }
  CHECK_THAT(log, !Contains("wrote to"));
  CHECK_THAT(log, Contains("file\nother\n3\n0\n"));
  CHECK_THAT(job.end(), Contains("\"exit_code\": 0"));
}

TEST_CASE("a command has the arguments and the environment that it was given") {
  const KeptJob job;
  sandbox::KeepRequest request;
  request.arguments = {"printf", "<%s>", "", "two words", "\xff"};  // found in PATH
  CHECK(job.run(request) == "<><two words><\xff>");
  const KeptJob other;
  request.arguments = {"sh", "-c", "echo $GREETING $LANG"};
  request.environment = {{"GREETING", "hello"}, {"LANG", "C"}};
  CHECK(other.run(request) == "hello C\n");
}

TEST_CASE("a command can't leave its jail") {
  const KeptJob job;
  const std::string log = job.run(R"sh(
    for what in -U -m -n -p; do unshare $what true 2>/dev/null && echo "new namespace $what"; done
    mount -t tmpfs none /work 2>/dev/null && echo mounted
    chroot /work /bin/true 2>/dev/null && echo chroot
    kill -9 1 2>/dev/null; kill -0 1 2>/dev/null || true
    python3 - 2>/dev/null <<'END'
import socket
for kind in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
    try:
        socket.socket(kind, socket.SOCK_RAW if kind > 16 else socket.SOCK_DGRAM)
        print("socket", kind)
    except OSError:
        pass
END
    ls /sys /proc/1 >/dev/null 2>&1 && echo "sees the kernel"
    echo done)sh");
  CHECK(log == "done\n");
}

TEST_CASE("processes of a command work together: pipes, threads, sockets, compilers") {
  const KeptJob job;
  const std::string log = job.run(R"sh(
    seq 1 1000 | sort -rn | head -1
    (echo a; echo b) > file; cp file copy; cmp file copy && mv copy moved && rm file
    ln -s moved link && cat link; mkfifo fifo; (echo through > fifo &) ; cat fifo
    cat > hello.sh <<END
#!/bin/sh
echo own program
END
    chmod +x hello.sh && ./hello.sh
    if command -v python3 > /dev/null; then python3 -c '
import socket, subprocess, threading
a, b = socket.socketpair(); a.send(b"x"); print(b.recv(1))
t = threading.Thread(target=lambda: print("thread")); t.start(); t.join()
print(subprocess.run(["echo", "sub"], capture_output=True).stdout)'
    else printf "b'x'\nthread\nb'sub\\\\n'\n"; fi)sh");
  CHECK(log == "1000\na\nb\nthrough\nown program\nb'x'\nthread\nb'sub\\n'\n");
}

TEST_CASE("a command is asked to stop, then ended") {
  const KeptJob job;
  SECTION("one that listens") {
    job.start(
        KeptJob::shell("trap 'echo asked; exit 3' TERM; echo up; while :; do sleep 0.01; done"));
    REQUIRE(prints(job, "up"));
    CHECK(sandbox::stop_command(job.folder(), 1h));
    job.wait();
    CHECK(job.log() == "up\nasked\n");
    CHECK_THAT(job.end(), Contains("\"reason\": \"stopped\", \"exit_code\": 3"));
  }
  SECTION("one that does not") {
    job.start(KeptJob::shell("trap '' TERM; echo up; while :; do sleep 0.01; done"));
    REQUIRE(prints(job, "up"));
    CHECK(sandbox::stop_command(job.folder(), 1h));
    CHECK(sandbox::stop_command(job.folder(), 10ms));  // the shorter grace time counts
    job.wait();
    CHECK_THAT(job.end(), Contains("\"reason\": \"stopped\", \"exit_code\": 137"));
  }
  CHECK_FALSE(sandbox::stop_command(job.folder(), 0s));  // nobody is there
}

TEST_CASE("nonsense on the control socket is ignored") {
  const KeptJob job;
  job.start(KeptJob::shell("echo up; sleep 1000"));
  REQUIRE(prints(job, "up"));
  const wire::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (job.path() + "/control").copy(address.sun_path, sizeof address.sun_path - 1);
  for (const std::size_t size : {0u, 1u, 15u, 17u, 4000u}) {
    const std::string bytes(size, '\1');
    CHECK(sendto(socket.get(), bytes.data(), size, 0, reinterpret_cast<sockaddr*>(&address),
                 sizeof address) == static_cast<ssize_t>(size));
  }
  CHECK(job.kept());
  CHECK(sandbox::stop_command(job.folder(), 0s));
  job.wait();
  CHECK_THAT(job.end(), Contains("stopped"));
}

TEST_CASE("the keeper ends a command at its timeout, whoever lives") {
  const KeptJob job;
  auto request = KeptJob::shell("echo up; sleep 1000");
  request.timeout_ns = 50'000'000;
  CHECK(job.run(request) == "up\n");
  CHECK_THAT(job.end(), Contains("\"reason\": \"timeout\", \"exit_code\": 143"));
}

TEST_CASE("a killed keeper takes its command along, and it is not started again") {
  const KeptJob job;
  const std::string mark = "1000." + std::to_string(getpid());
  job.start(KeptJob::shell("echo up; sleep " + mark + " & sleep " + mark));
  REQUIRE(prints(job, "up"));
  REQUIRE(becomes_true([&] { return processes_with(mark).size() == 2; }));
  const auto keepers = job.keepers();
  REQUIRE(keepers.size() == 1);
  REQUIRE(kill(*keepers.begin(), SIGKILL) == 0);
  CHECK(becomes_true([&] { return processes_with(mark).empty(); }));
  CHECK(becomes_true([&] { return !job.kept(); }));
  CHECK_FALSE(job.has("end.json"));
  CHECK(job.start(KeptJob::shell("echo again")).outcome == KeepReport::kept_already);
  CHECK(job.log() == "up\n");
}

TEST_CASE("a keeper that is asked to end ends its command first") {
  const KeptJob job;
  job.start(KeptJob::shell("echo up; sleep 1000"));
  REQUIRE(prints(job, "up"));
  REQUIRE(kill(*job.keepers().begin(), SIGTERM) == 0);
  job.wait();
  CHECK_THAT(job.end(), Contains("\"reason\": \"shutdown\", \"exit_code\": 143"));
}

TEST_CASE("what a command leaves in the background ends with it") {
  const KeptJob job;
  const std::string mark = "1001." + std::to_string(getpid());
  CHECK(job.run("setsid sleep " + mark + " & echo up") == "up\n");
  CHECK_THAT(job.end(), Contains("\"exit_code\": 0"));
  CHECK(processes_with(mark).empty());
}

TEST_CASE("a command that ends by a signal says which") {
  const KeptJob job;
  CHECK(job.run("kill -SEGV $$").empty());
  CHECK_THAT(job.end(), Contains("\"reason\": \"exited\", \"exit_code\": 139"));
}

TEST_CASE("a program that is not there is an end, too") {
  const KeptJob job;
  sandbox::KeepRequest request;
  request.arguments = {"/usr/bin/no-such-program"};
  CHECK(job.run(request).empty());
  CHECK_THAT(job.end(), Contains("\"reason\": \"not_executed\", \"exit_code\": 127, \"error\": 2"));
}

TEST_CASE("the limits of a command hold") {
  const KeptJob job;
  sandbox::KeepRequest request;
  SECTION("log") {
    request = KeptJob::shell("yes | head -c 1000000; echo last >&2");
    request.log_bytes = 1000;
    const std::string log = job.run(request);
    CHECK(log.substr(0, 4) == "y\ny\n");
    CHECK_THAT(log, Contains("[999005 more bytes are not here"));
    CHECK(log.size() < 1200);
    CHECK_THAT(job.end(), Contains("\"exit_code\": 0"));
    CHECK_THAT(job.end(), Contains("\"log_dropped\": 999005"));
  }
  SECTION("folder") {
    request = KeptJob::shell("head -c 3000000 /dev/zero > file; wc -c < file");
    request.work_bytes = 1 << 20;
    const std::string log = job.run(request);
    CHECK_THAT(log, Contains("No space left"));
    CHECK_THAT(log, Contains("1048576"));
  }
  SECTION("processes") {
    request = KeptJob::shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; echo $!");
    request.processes = 4;
    CHECK_THAT(job.run(request), Contains("Cannot fork"));
  }
  SECTION("memory") {
    request = KeptJob::shell("head -c 300000000 /dev/zero | tail | wc -c");
    request.memory_bytes = 100 << 20;
    CHECK_THAT(job.run(request), Contains("memory exhausted"));
  }
  SECTION("descriptors") {
    request = KeptJob::shell("ulimit -n; ulimit -c");
    request.descriptors = 33;
    CHECK(job.run(request) == "33\n0\n");
  }
}

TEST_CASE("a keeper takes nothing of its host along") {
  const KeptJob job;
  setenv("HOST_SECRET", "x", 1);
  const wire::UniqueFd leaked(dup(0));  // not close-on-exec
  job.start(KeptJob::shell("env; echo up; sleep 1000"));
  REQUIRE(prints(job, "up"));
  CHECK_THAT(job.log(), !Contains("HOST_SECRET"));
  const std::string keeper = "/proc/" + std::to_string(*job.keepers().begin());
  std::string targets;
  for (const auto& entry : std::filesystem::directory_iterator(keeper + "/fd")) {
    targets += std::filesystem::read_symlink(entry.path()).string() + "\n";
  }
  CHECK_THAT(targets, !Contains("bulkhead-command"));
  std::ifstream environment(keeper + "/environ");
  const std::string all{std::istreambuf_iterator<char>(environment), {}};
  CHECK_THAT(all, !Contains("HOST_SECRET"));
  unsetenv("HOST_SECRET");
}

// Run by at_level_1.sh.
TEST_CASE("where a machine refuses the jail, nothing is started", "[.level-1]") {
  const KeptJob job;
  const KeepReport report = job.start(KeptJob::shell("echo up"));
  CHECK(report.outcome == KeepReport::failed);
  CHECK_THAT(sandbox::keep_failure(report), Contains("namespaces"));
  CHECK_FALSE(job.has("started.json"));
  CHECK(job.log().empty());
}

TEST_CASE("a request that is none is refused") {
  const KeptJob job;
  sandbox::KeepRequest request;
  CHECK_THAT(sandbox::request_fault(request), Contains("needs a program"));
  CHECK(job.start(request).outcome == KeepReport::failed);
  request.arguments = {"/bin/true"};
  CHECK(sandbox::request_fault(request).empty());
  const std::string whole = sandbox::encode(request);
  sandbox::KeepRequest decoded;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(sandbox::decode(whole.substr(0, size), decoded));
  }
  CHECK_FALSE(sandbox::decode(whole + "x", decoded));
  CHECK(sandbox::decode(whole, decoded));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string other = whole;
    other[i] = static_cast<char>(0xff);
    sandbox::decode(other, decoded);  // whatever it is: no crash, no huge allocation
  }
  request.environment = {{"A=B", "x"}};
  CHECK_THAT(sandbox::request_fault(request), Contains("A=B"));
  request.environment = {};
  request.arguments.emplace_back("a\0b", 3);
  CHECK_THAT(sandbox::request_fault(request), Contains("zero byte"));
  request.arguments = {"/bin/true", std::string(sandbox::kMaxRequestBytes, 'x')};
  CHECK_THAT(sandbox::request_fault(request), Contains("1 MiB"));
}
