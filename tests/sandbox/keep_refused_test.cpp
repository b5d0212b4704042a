// Commands where the machine refuses their jail: run by at_level_1.sh.
#include <catch2/catch.hpp>

#include "tests/sandbox/kept_job.hpp"

using namespace bulkhead;
using namespace bulkhead::test;

TEST_CASE("where a machine refuses the jail, nothing is started") {
  const KeptJob job;
  const sandbox::KeepReport report = job.start(KeptJob::shell("echo up"));
  CHECK(report.outcome == sandbox::KeepReport::failed);
  CHECK_THAT(sandbox::keep_failure(report), Catch::Matchers::Contains("namespaces"));
  CHECK_FALSE(job.has("started.json"));
  CHECK(job.log().empty());
}
