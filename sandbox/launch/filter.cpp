#include "sandbox/launch/filter.hpp"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {
namespace {

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

// `result` as libseccomp gives it: 0 or a negative errno.
void require(int result, const std::string& what) {
  if (result >= 0) return;
  throw std::runtime_error("The system call filter can't be built: " + what + " failed (" +
                           strerror(-result) + "). This is an error of Bulkhead or of libseccomp.");
}

scmp_arg_cmp argument_of(const Argument& argument) {
  scmp_arg_cmp out{};
  out.arg = argument.index;
  switch (argument.compare) {
    case Compare::masked_equal:
      out.op = SCMP_CMP_MASKED_EQ;
      out.datum_a = argument.mask;
      out.datum_b = argument.value;
      break;
    case Compare::not_equal:
      out.op = SCMP_CMP_NE;
      out.datum_a = argument.value;
      break;
    case Compare::equal:
    case Compare::none:
      out.op = SCMP_CMP_EQ;
      out.datum_a = argument.value;
      break;
  }
  return out;
}

// False where this architecture has no such call.
bool add_rule(const Context& context, const Rule& rule) {
  const int call = seccomp_syscall_resolve_name(rule.call);
  if (call == __NR_SCMP_ERROR) require(-EINVAL, std::string("looking up the call ") + rule.call);
  if (call < 0) return false;
  scmp_arg_cmp arguments[6];
  unsigned count = 0;
  for (const Argument& argument : rule.arguments) {
    if (argument.compare != Compare::none) arguments[count++] = argument_of(argument);
  }
  const std::uint32_t action = rule.refuse_with == 0
                                   ? SCMP_ACT_ALLOW
                                   : SCMP_ACT_ERRNO(static_cast<std::uint32_t>(rule.refuse_with));
  require(seccomp_rule_add_exact_array(context.get(), action, call, count, arguments),
          std::string("the rule for ") + rule.call);
  return true;
}

// libseccomp 2.5 exports to a descriptor only.
std::vector<sock_filter> exported(const Context& context) {
  const wire::UniqueFd file(memfd_create("bulkhead-filter", MFD_CLOEXEC));
  if (!file) require(-errno, "memfd_create");
  require(seccomp_export_bpf(context.get(), file.get()), "exporting it");
  struct stat status {};
  if (fstat(file.get(), &status) != 0) require(-errno, "fstat");
  std::vector<sock_filter> program(static_cast<std::size_t>(status.st_size) / sizeof(sock_filter));
  const std::size_t size = program.size() * sizeof(sock_filter);
  if (pread(file.get(), program.data(), size, 0) != static_cast<ssize_t>(size)) {
    require(-EIO, "reading it back");
  }
  return program;
}

}  // namespace

Filter Filter::compile(std::span<const Part* const> parts, int otherwise) {
  const std::uint32_t others = otherwise == 0
                                   ? SCMP_ACT_KILL_PROCESS
                                   : SCMP_ACT_ERRNO(static_cast<std::uint32_t>(otherwise));
  const Context context(seccomp_init(others), &seccomp_release);
  if (!context) require(-ENOMEM, "seccomp_init");
  require(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
          "the rule for other architectures");
  Filter filter;
  for (const Part* part : parts) {
    for (const Rule& rule : part->rules) filter.rules_ += add_rule(context, rule) ? 1 : 0;
  }
  // Level 2: the calls are looked up in a binary tree, so that no call pays for the rules of
  // others.
  require(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimising it");
  filter.program_ = exported(context);
  return filter;
}

void Filter::replace(std::uint32_t value, std::uint32_t with) {
  for (sock_filter& step : program_) {
    if (step.code == (BPF_JMP | BPF_JEQ | BPF_K) && step.k == value) step.k = with;
  }
}

void Filter::bind_to(pid_t pid) { replace(kOwnPid, static_cast<std::uint32_t>(pid)); }

void Filter::bind_to_executable(int place) {
  replace(kExecutablePlace, static_cast<std::uint32_t>(place));
}

int Filter::install(bool all_threads) const {
  sock_fprog program{static_cast<unsigned short>(program_.size()),
                     const_cast<sock_filter*>(program_.data())};
  const unsigned flags = all_threads ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (result < 0) return errno;
  return result == 0 ? 0 : EBUSY;  // positive: the thread that has a filter of its own
}

}  // namespace bulkhead::sandbox
