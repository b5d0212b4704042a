#include "sandbox/keep/keeper.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/abi/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <string>

#include "sandbox/keep/command_jail.hpp"
#include "sandbox/keep/end_file.hpp"
#include "sandbox/keep/job_folder.hpp"
#include "sandbox/keep/output_log.hpp"
#include "sandbox/keep/stop_socket.hpp"
#include "sandbox/launch/hygiene.hpp"
#include "sandbox/launch/init.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds kGrace = std::chrono::seconds(5);  // at the timeout, and at a shutdown
constexpr nanoseconds kLongest = std::chrono::hours(24 * 365 * 10);

// Goes on while the machine sleeps.
nanoseconds uptime() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

std::optional<KeepRequest> read_request() {
  std::string bytes;
  char piece[16'384];
  for (;;) {
    const ssize_t got = read(STDIN_FILENO, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || bytes.size() > kMaxRequestBytes) return std::nullopt;
    if (got == 0) break;
    bytes.append(piece, static_cast<std::size_t>(got));
  }
  KeepRequest request;
  if (!decode(bytes, request)) return std::nullopt;
  return request;
}

// The command from the gate to its end.
class Keeper {
 public:
  Keeper(int folder, const KeepRequest& request, const Filter& command, const Filter& init)
      : request_(request),
        log_(folder, request.log_bytes),
        end_file_(folder),
        job_(jail_command(request, command, init)) {
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, SIGTERM);
    sigprocmask(SIG_BLOCK, &asked, nullptr);
    signals_.reset(step(Stage::descriptors, signalfd(-1, &asked, SFD_CLOEXEC | SFD_NONBLOCK)));
    timer_.reset(
        step(Stage::descriptors, timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)));
    end_.started_at = now_ns();
    const std::string started =
        "{\"version\": 1, \"started_at\": " + std::to_string(end_.started_at) +
        ", \"landlock\": " + std::to_string(job_.landlock) + "}\n";
    if (const int error = write_whole(folder, kStartedFile, started)) {
      throw StepError{Stage::descriptors, error};
    }
  }

  // Lets the command go, and sees it to its end.
  void keep() {
    const nanoseconds timeout(
        std::min<std::uint64_t>(request_.timeout_ns, static_cast<std::uint64_t>(kLongest.count())));
    if (request_.timeout_ns != 0) timeout_at_ = uptime() + timeout;
    const char go = 1;
    [[maybe_unused]] const ssize_t written = write(job_.gate.get(), &go, 1);
    watch();
    finish();
  }

 private:
  void watch() {
    bool running = true, starting = true;
    while (running) {
      arm_timer();
      pollfd polled[] = {{job_.init_pidfd.get(), POLLIN, 0},
                         {log_open_ ? job_.log.get() : -1, POLLIN, 0},
                         {starting ? job_.report.get() : -1, POLLIN, 0},
                         {socket_.descriptor(), POLLIN, 0},
                         {signals_.get(), POLLIN, 0},
                         {timer_.get(), POLLIN, 0}};
      // Out of memory, for now: the clock goes on.
      if (poll(polled, std::size(polled), -1) < 0 && errno != EINTR) usleep(10'000);
      if (polled[1].revents != 0) log_open_ = log_.take(job_.log.get());
      if (polled[2].revents != 0) {
        end_.error = exec_error(job_);
        starting = false;
      }
      if (polled[3].revents != 0) {
        if (const auto grace = socket_.take()) stop("stopped", *grace);
      }
      if (polled[4].revents != 0) {
        signalfd_siginfo signal{};
        if (read(signals_.get(), &signal, sizeof signal) > 0) stop("shutdown", kGrace);
      }
      on_time();
      running = polled[0].revents == 0;
    }
    if (starting) end_.error = exec_error(job_);
  }

  void stop(const char* reason, nanoseconds grace) {
    const nanoseconds at = uptime() + std::min(grace, kLongest);
    if (kill_at_) {
      kill_at_ = std::min(*kill_at_, at);
      return;
    }
    end_.reason = reason;
    kill_at_ = at;
    syscall(SYS_pidfd_send_signal, job_.command_pidfd.get(), SIGTERM, nullptr, 0);
  }

  void on_time() {
    const nanoseconds now = uptime();
    if (timeout_at_ && now >= *timeout_at_) {
      timeout_at_.reset();
      stop("timeout", kGrace);
    }
    if (kill_at_ && now >= *kill_at_ && !killed_) {
      killed_ = true;
      syscall(SYS_pidfd_send_signal, job_.init_pidfd.get(), SIGKILL, nullptr, 0);
    }
  }

  void arm_timer() {
    nanoseconds next = kLongest + uptime();
    if (timeout_at_) next = std::min(next, *timeout_at_);
    if (kill_at_ && !killed_) next = std::min(next, *kill_at_);
    next = std::max(next, nanoseconds(1));
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(next / std::chrono::seconds(1));
    when.it_value.tv_nsec = static_cast<long>((next % std::chrono::seconds(1)).count());
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void finish() {
    // Everything in the namespace is dead once its pid 1 can be waited for.
    int status = 0;
    while (waitpid(job_.init, &status, 0) < 0 && errno == EINTR) {
    }
    while (log_open_ && log_.take(job_.log.get())) {
    }
    log_.finish();
    end_.ended_at = now_ns();
    end_.log_bytes = log_.written();
    end_.log_dropped = log_.dropped();
    CellResult result;
    const bool known = read(job_.result.get(), &result, sizeof result) == sizeof result;
    if (known) {
      const int wait = result.wait_status;
      end_.exit_code = WIFSIGNALED(wait) ? 128 + WTERMSIG(wait) : WEXITSTATUS(wait);
      end_.cpu_microseconds = result.cpu_microseconds;
      end_.max_rss_kib = result.max_rss_kib;
    } else {
      end_.exit_code = 128 + SIGKILL;
    }
    if (end_.error != 0) {
      end_.reason = "not_executed";
    } else if (!kill_at_) {
      end_.reason = known ? "exited" : "killed";
    }
    // Its blocks are there; what can fail is the disk itself.
    for (int i = 0; i < 60 && end_file_.commit(end_) != 0; ++i) sleep(1);
    unlink(kControlSocket);
  }

  const KeepRequest& request_;
  OutputLog log_;
  EndFile end_file_;
  StopSocket socket_;
  JailedCommand job_;
  wire::UniqueFd signals_, timer_;
  CommandEnd end_;
  std::optional<nanoseconds> timeout_at_, kill_at_;
  bool log_open_ = true, killed_ = false;
};

void report(const KeepReport& report) {
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, &report, sizeof report);
  // The host waits for this end to close; what the command prints does not come here.
  const wire::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int place = 0; place < 3; ++place) dup2(null.get(), place);
}

KeepReport failed(Stage stage, int error) {
  return {KeepReport::failed, static_cast<std::uint32_t>(stage), error};
}

void keep() {
  const std::optional<KeepRequest> request = read_request();
  if (!request) throw StepError{Stage::request, EBADMSG};
  const wire::UniqueFd folder(step(Stage::package, open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  const wire::UniqueFd lock = claim(folder.get());
  if (!lock || has_file(folder.get(), kStartedFile)) {
    return report({KeepReport::kept_already, 0, 0});
  }
  const Filter command = Filter::compile(command_filter(), ENOSYS);
  const Filter init = Filter::compile(init_filter());
  Keeper keeper(folder.get(), *request, command, init);
  report({KeepReport::started, 0, 0});
  keeper.keep();
}

}  // namespace

int keeper_main() {
  // Nobody waits for what goes on; the host waits for this process only.
  if (const pid_t child = fork(); child != 0) _exit(child < 0 ? 1 : 0);
  reset_signals();
  for (const int ignored : {SIGPIPE, SIGHUP, SIGINT, SIGQUIT}) signal(ignored, SIG_IGN);
  setsid();
  umask(077);
  prctl(PR_SET_NAME, "bh-keeper", 0, 0, 0);
  if (BH_BUILT_SANITIZERS == 0) erase_environment();
  syscall(SYS_close_range, 3, ~0u, 0);
  try {
    keep();
  } catch (const StepError& error) {
    report(failed(error.stage, error.error));
  } catch (const std::exception&) {
    report(failed(Stage::died, ENOMEM));
  }
  return 0;
}

}  // namespace bulkhead::sandbox
