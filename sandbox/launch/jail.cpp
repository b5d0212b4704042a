#include "sandbox/launch/jail.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "sandbox/cell/cell.hpp"
#include "sandbox/launch/hygiene.hpp"
#include "sandbox/launch/identity.hpp"
#include "sandbox/launch/init.hpp"
#include "sandbox/launch/landlock.hpp"
#include "sandbox/launch/private_root.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {
namespace {

// Where a child has its descriptors, from its first moment: 0 is /dev/null, 1 and 2 the log.
constexpr int kCellSocket = 3;
// These are closed before the cell serves.
constexpr int kReport = 4, kProc = 5, kLauncher = 6, kPackage = 7, kResult = 8;
constexpr int kExitSetup = 125;

using Findings = std::vector<Finding>;

// What the last steps of a cell need.
struct Jail {
  Filter lock;         // ready to be installed
  int executable = 0;  // descriptor of the program that the cell becomes; 0: it stays this one
};

void note(Findings& findings, Fact fact, bool enforced = true, std::uint32_t detail = 0) {
  findings.push_back({fact, static_cast<std::uint16_t>(enforced), 0, detail});
}

void send_report(int socket, Stage stage, int error, const Findings& findings = {}) {
  Report report;
  report.stage = stage;
  report.error = error;
  report.finding_count = static_cast<std::uint32_t>(std::min(findings.size(), kMaxFindings));
  std::copy_n(findings.begin(), report.finding_count, report.findings);
  [[maybe_unused]] const ssize_t sent = send(socket, &report, sizeof report, MSG_NOSIGNAL);
}

// The cell is what the kernel ends first when memory runs out. Raising the score needs no
// privilege.
void prefer_as_victim() {
  const wire::UniqueFd file(openat(kProc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file) [[maybe_unused]]
    const ssize_t written = write(file.get(), "500", 3);
}

void require_readable_package() {
  const wire::UniqueFd folder(open(kPackageMount, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw StepError{Stage::package_access, errno};
}

// The kernel writes a core dump to the working directory, as the user of the cell. Before a change
// of user: nobody may be unable to reach the folder.
void enter_core_folder(const JailPlan& plan, bool becomes_nobody) {
  if (plan.core_folder.empty()) return;
  constexpr Stage stage = Stage::core_folder;
  step(stage, chdir(has_namespaces(plan.route) ? kCoreMount : plan.core_folder.c_str()));
  if (becomes_nobody) step(stage, chown(".", kNobody, kNobody));
}

void build_namespaces(const LauncherContext& launcher, const JailPlan& plan, Findings& findings) {
  if (plan.route == Route::user) write_id_maps(kProc, launcher.user, launcher.group);
  step(Stage::mounts, sethostname("cell", 4));
  enter_private_root(plan.package, kPackage, plan.executable.interpreter_file,
                     {plan.core_folder, plan.program});
  note(findings, Fact::private_root);
  enter_core_folder(plan, plan.route == Route::root);
  if (plan.route == Route::root) {
    // Mounted as root, who can reach every package; from here on somebody else, because limits do
    // not hold for root, not even for one in a namespace.
    become_nobody();
    enter_user_namespace(kProc);
  }
  note(findings, Fact::namespaces);
  note(findings, Fact::unprivileged_user);
}

// Without namespaces, root becomes nobody where nobody can read the package.
void change_user(const JailPlan& plan, Findings& findings) {
  const bool root = geteuid() == 0;
  const bool possible = root && nobody_can_read(plan.package.empty() ? "/" : plan.package);
  enter_core_folder(plan, possible);
  if (!root) return note(findings, Fact::unprivileged_user);
  if (possible) become_nobody();
  note(findings, Fact::unprivileged_user, possible);
}

// Before a fork of the inner pid 1, so that it holds for both.
void confine(const JailPlan& plan, const LimitRequest& limits, Findings& findings) {
  const bool namespaces = has_namespaces(plan.route);
  for (const Finding& finding : apply_limits(limits, namespaces, namespaces ? 1 : 0)) {
    findings.push_back(finding);
  }
  drop_privileges(plan.development);
  note(findings, Fact::no_capabilities);
  note(findings, Fact::no_new_privileges);
}

std::string root_of(const JailPlan& plan) {
  return has_namespaces(plan.route) ? kPackageMount : plan.package;
}

// All but the first five, and the one of an executable (0: there is none).
void close_others(int executable) {
  constexpr Stage stage = Stage::descriptors;
  unsigned first = kReport + 1;
  if (executable != 0) {
    const auto place = static_cast<unsigned>(executable);
    step(stage, syscall(SYS_close_range, std::exchange(first, place + 1), place - 1, 0));
  }
  step(stage, syscall(SYS_close_range, first, ~0u, 0));
}

// The last filter before code of a plugin.
void install_filter(const LauncherContext& launcher, const JailPlan& plan, int executable,
                    Findings& findings) {
  Filter filter = executable != 0    ? launcher.filters->exec
                  : plan.development ? plan.development_load
                                     : launcher.filters->load;
  filter.bind_to(getpid());
  if (executable != 0) filter.bind_to_executable(executable);
  note(findings, executable != 0 ? Fact::exec_filter : Fact::filter, true,
       static_cast<std::uint32_t>(filter.rule_count()));
  if (const int error = filter.install(false)) throw StepError{Stage::filter, error};
}

// The last steps, in the cell proper.
void seal(const LauncherContext& launcher, const JailPlan& plan, const Jail& jail,
          Findings& findings) {
  step(Stage::descriptors, setsid());
  umask(077);
  erase_environment();
  close_others(jail.executable);
  note(findings, Fact::descriptors);

  std::vector<std::string> readable = system_paths();
  if (!plan.package.empty()) readable.push_back(root_of(plan));
  if (!plan.program.empty()) {
    readable.push_back(has_namespaces(plan.route) ? "/proc/self/exe" : plan.program);
  }
  std::vector<std::string> executable, writable;
  if (!plan.core_folder.empty()) writable.push_back(".");
  if (jail.executable != 0) executable = executable_files(plan.executable, root_of(plan));
  findings.push_back(apply_landlock(readable, executable, writable));
  if (plan.development) {
    note(findings, Fact::development, false);
    // Where the machine has Yama, a process is traced by its ancestors alone unless it agrees.
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  }
  install_filter(launcher, plan, jail.executable, findings);
}

void prepare_executable(const JailPlan& plan, Jail& jail) {
  if (plan.executable.entry.empty()) return;
  jail.executable = open_executable(plan.executable, root_of(plan), plan.limits.descriptors);
  step(Stage::descriptors, fcntl(kReport, F_SETFD, FD_CLOEXEC));
}

// Returns in the cell proper alone, jailed.
Findings build(const LauncherContext& launcher, const JailPlan& plan, Jail& jail) {
  Findings findings;
  if (plan.route == Route::sanitizer) {
    die_with_parent(kLauncher);
    prepare_executable(plan, jail);
    close_others(jail.executable);
    return {{Fact::sanitizer_profile, 0, 0, 0}};
  }
  prefer_as_victim();
  const bool namespaces = has_namespaces(plan.route);
  if (namespaces) {
    build_namespaces(launcher, plan, findings);
  } else {
    change_user(plan, findings);
  }
  prepare_executable(plan, jail);
  LimitRequest limits = plan.limits;
  if (jail.executable != 0) limits.descriptors = static_cast<std::uint32_t>(jail.executable);
  confine(plan, limits, findings);
  // Credentials change no more: that would undo it.
  die_with_parent(kLauncher);
  if (namespaces) {
    if (!plan.package.empty()) require_readable_package();
    if (const pid_t cell = step(Stage::process, fork())) {
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no debugger has business here, in development either
      run_init(launcher.filters->init, kResult, cell);
    }
    step(Stage::parent, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  }
  jail.lock = plan.development ? plan.development_lock : launcher.filters->lock;
  jail.lock.bind_to(getpid());
  seal(launcher, plan, jail, findings);
  return findings;
}

// Reports how it went; does not return where it failed.
void build_and_report(const LauncherContext& launcher, const JailPlan& plan, Jail& jail) {
  Stage stage = Stage::died;
  int error = ENOMEM;  // the one cause of another exception
  try {
    return send_report(kReport, Stage::none, 0, build(launcher, plan, jail));
  } catch (const StepError& failed) {
    stage = failed.stage;
    error = failed.error;
  } catch (const std::exception&) {
  }
  send_report(kReport, stage, error);
  _exit(kExitSetup);
}

void arrange_descriptors(const LauncherContext& launcher, const JailPlan& plan, int report,
                         int result) {
  const auto or_null = [&](int descriptor) { return descriptor >= 0 ? descriptor : launcher.null; };
  try {
    keep_descriptors({launcher.null, plan.log.get(), plan.log.get(), plan.socket.get(), report,
                      launcher.proc, launcher.own_pidfd, or_null(plan.package_fd.get()),
                      or_null(result)});
  } catch (const StepError& failed) {
    send_report(report, failed.stage, failed.error);
    _exit(kExitSetup);
  }
}

}  // namespace

void run_cell(const LauncherContext& launcher, const JailPlan& plan, int report,
              int result) noexcept {
  arrange_descriptors(launcher, plan, report, result);
  Jail jail;
  build_and_report(launcher, plan, jail);
  if (jail.executable != 0) {
    send_report(kReport, Stage::entry, execute(plan.executable, root_of(plan), jail.executable));
    _exit(kExitSetup);
  }
  close(kReport);
  if (plan.package.empty()) _exit(0);  // a probe
  cell::Start start;
  start.socket = kCellSocket;
  start.root = root_of(plan);
  start.lock = [&]() -> int {
    return plan.route == Route::sanitizer ? 0 : jail.lock.install(true);
  };
  cell::serve(start);
}

}  // namespace bulkhead::sandbox
