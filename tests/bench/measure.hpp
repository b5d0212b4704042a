// What the benchmark programs share: placement on processors, percentiles, private memory, and the
// rows that they print.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bulkhead::bench {

// One figure beside its peer, measured in the same run.
struct Row {
  std::string question;  // "call in process"
  std::string figure;    // "table call, p50"
  double value = 0;
  std::string unit;       // "ns"
  std::string peer;       // "virtual call"; empty: none
  double peer_value = 0;  // in the same unit
  // How many times better than the peer (less is better for every unit here); 0 without a peer.
  double ratio() const;
};

struct Arguments {
  bool quick = false;  // a short run that shows that the program works
  std::string json;    // where to write the rows; empty: nowhere
};

// Takes --quick and --json FILE; anything else ends the process with a sentence.
Arguments parse_arguments(int argc, char** argv);

// Prints rows as a Markdown table, with the facts of the machine, and writes them to the JSON file.
// Returns the exit code of the program.
int report(const Arguments& arguments, const std::string& program, const std::string& placement,
           const std::vector<Row>& rows);

struct Percentiles {
  double p50 = 0, p99 = 0;
};
// Of the samples, in their unit; they must not be empty.
Percentiles percentiles(std::vector<double> samples);

// Runs `once` `count` times after a tenth as many that don't count; nanoseconds of each.
std::vector<double> sample(std::size_t count, const std::function<void()>& once);

// The processors that this process may run on.
std::vector<int> processors();
// Pins the whole process `pid` (every thread it has now) to one processor. 0: the calling thread.
void pin(pid_t pid, int processor);
// Pins every process below the calling one, at any depth: launcher and cells.
void pin_descendants(int processor);
std::vector<pid_t> descendants();

// Private_Clean + Private_Dirty of /proc/PID/smaps_rollup: what the process alone costs.
std::uint64_t private_kib(pid_t pid);

}  // namespace bulkhead::bench
