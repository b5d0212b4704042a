#include "sandbox/launch/executable.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "sandbox/launch/step.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {
namespace {

#if defined(__x86_64__)
constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";
#elif defined(__aarch64__)
constexpr const char* kLoader = "/lib/ld-linux-aarch64.so.1";
#else
#error "name this machine's dynamic loader here"
#endif

struct Free {
  void operator()(char* text) const { free(text); }
};

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string entry_path(const ExecutablePlan& plan, const std::string& root) {
  return root + "/" + plan.entry;
}

std::string program_path(const ExecutablePlan& plan, const std::string& root) {
  return plan.interpreter != nullptr ? plan.interpreter_file : entry_path(plan, root);
}

void require_program(int descriptor, Stage stage) {
  struct stat status {};
  step(stage, fstat(descriptor, &status));
  if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0) throw StepError{stage, EACCES};
}

}  // namespace

void find_interpreter_file(const std::string& name, ExecutablePlan& plan) {
  constexpr Stage stage = Stage::interpreter;
  plan.interpreter = find_interpreter(name);
  if (plan.interpreter == nullptr) throw StepError{stage, EINVAL};
  const std::unique_ptr<char, Free> real(realpath(plan.interpreter->path, nullptr));
  if (!real) throw StepError{stage, errno};
  plan.interpreter_file = real.get();
  // A link that leads elsewhere would add a file of another place to the root of the cell.
  if (parent_of(plan.interpreter_file) != parent_of(plan.interpreter->path)) {
    throw StepError{stage, EXDEV};
  }
  const wire::UniqueFd file(
      step(stage, open(plan.interpreter_file.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)));
  require_program(file.get(), stage);
}

int open_executable(const ExecutablePlan& plan, const std::string& root, unsigned descriptors) {
  const bool script = plan.interpreter != nullptr;
  const Stage stage = script ? Stage::interpreter : Stage::entry;
  if (script) {
    const wire::UniqueFd entry(step(
        Stage::entry, open(entry_path(plan, root).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)));
  }
  const wire::UniqueFd program(
      step(stage, open(program_path(plan, root).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)));
  require_program(program.get(), stage);

  rlimit limit{};
  step(Stage::limits, getrlimit(RLIMIT_NOFILE, &limit));
  const rlim_t place = std::min<rlim_t>(descriptors, limit.rlim_max - 1);
  limit.rlim_cur = limit.rlim_max;
  step(Stage::limits, setrlimit(RLIMIT_NOFILE, &limit));
  return step(Stage::descriptors, dup3(program.get(), static_cast<int>(place), O_CLOEXEC));
}

std::vector<std::string> executable_files(const ExecutablePlan& plan, const std::string& root) {
  return {program_path(plan, root), kLoader};
}

int execute(const ExecutablePlan& plan, const std::string& root, int place) {
  const std::string program = program_path(plan, root), entry = entry_path(plan, root);
  std::vector<const char*> arguments{program.c_str()};
  if (plan.interpreter != nullptr) {
    arguments.insert(arguments.end(), plan.interpreter->arguments.begin(),
                     plan.interpreter->arguments.end());
    arguments.push_back(entry.c_str());
  }
  arguments.push_back(nullptr);
  const char* const environment[] = {"BULKHEAD_SOCKET=3", nullptr};
  syscall(SYS_execveat, place, "", arguments.data(), environment, AT_EMPTY_PATH);
  return errno;
}

}  // namespace bulkhead::sandbox
