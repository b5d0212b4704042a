// From nothing to the first answer: of a cell, and of a host with its first cell; beside what the
// machine takes to start the smallest program, plain and in bubblewrap's sandbox.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "tests/bench/measure.hpp"
#include "tests/bench/null_plugin.hpp"

namespace bulkhead::bench {
namespace {

// fork and exec as a shell does it, and the wait for the end.
int run_program(std::vector<const char*> arguments) {
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork failed");
  if (pid == 0) {
    ::execvp(arguments.front(), const_cast<char* const*>(arguments.data()));
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid failed");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void first_answer(Host& host) {
  const CodecClient codec = host.load(kNullCodec, isolation(Isolation::cell)).codec();
  if (codec.count("four") != 4) throw std::runtime_error("the null codec counted wrongly");
}

int run(const Arguments& arguments) {
  const std::size_t count = arguments.quick ? 3 : 200;
  // Peers first: a fork of a process that has no host yet is the cheapest that there is.
  const Percentiles plain = percentiles(sample(count, [] { run_program({"/bin/true"}); }));
  const std::vector<const char*> bwrap = {"bwrap", "--unshare-all", "--ro-bind", "/",
                                          "/",     "/bin/true"};
  const bool has_bwrap = run_program({"sh", "-c",
                                      "exec bwrap --unshare-all --ro-bind / / /bin/true "
                                      ">/dev/null 2>&1"}) == 0;
  const Percentiles jailed =
      has_bwrap ? percentiles(sample(count, [&] { run_program(bwrap); })) : Percentiles{};

  Workplace workplace;
  std::vector<Row> rows;
  const auto add = [&](const std::string& figure, const Percentiles& ours) {
    const auto beside = [&](const std::string& peer, const Percentiles& theirs) {
      const char question[] = "start to first answer";
      rows.push_back({question, figure + ", p50", ours.p50 / 1e6, "ms", peer, theirs.p50 / 1e6});
      rows.push_back({question, figure + ", p99", ours.p99 / 1e6, "ms", peer, theirs.p99 / 1e6});
    };
    beside("fork+exec of /bin/true", plain);
    if (has_bwrap) beside("bwrap --unshare-all true", jailed);
  };
  {
    Host host(workplace.options());
    add("load in a cell, one call", percentiles(sample(count, [&] { first_answer(host); })));
  }
  add("host, load in a cell, one call", percentiles(sample(count / 4 + 1, [&] {
        Host host(workplace.options());
        first_answer(host);
      })));
  return report(arguments, "start",
                "nothing pinned; the time includes the end of the cell, of the host and of the "
                "peer's process",
                rows);
}

}  // namespace
}  // namespace bulkhead::bench

int main(int argc, char** argv) {
  try {
    return bulkhead::bench::run(bulkhead::bench::parse_arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "start: " << error.what() << '\n';
    return 1;
  }
}
