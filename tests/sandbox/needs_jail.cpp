// A test program that has this file is skipped where the machine refuses the jail of a command.
#include <cstdio>

#include "sandbox/policy/stage.hpp"
#include "tests/sandbox/kept_job.hpp"

namespace bulkhead::test {
namespace {

const bool checked = [] {
  const KeptJob job;
  const sandbox::KeepReport report = job.start(KeptJob::shell("exit 0"));
  const auto stage = static_cast<sandbox::Stage>(report.stage);
  if (report.outcome == sandbox::KeepReport::failed && sandbox::is_namespace_stage(stage)) {
    std::printf("skipped: %s\n", sandbox::keep_failure(report).c_str());
    std::fflush(stdout);
    std::filesystem::remove_all(job.path());
    _exit(77);
  }
  return true;
}();

}  // namespace
}  // namespace bulkhead::test
