// Counts the cases of a test program for the closing line of tests/run.sh: writes "passed failed"
// to the file $BULKHEAD_TEST_TALLY/<program>, if that variable is set.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

namespace {

struct TallyListener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;

  void testRunEnded(const Catch::TestRunStats& stats) override {
    const char* folder = std::getenv("BULKHEAD_TEST_TALLY");
    if (folder == nullptr) return;
    std::ofstream file(std::string(folder) + "/" + stats.runInfo.name);
    const Catch::Counts& cases = stats.totals.testCases;
    file << cases.passed + cases.failedButOk << " " << cases.failed << "\n";
  }
};

CATCH_REGISTER_LISTENER(TallyListener)

}  // namespace
