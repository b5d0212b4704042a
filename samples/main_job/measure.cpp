#include "measure.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

std::uint64_t private_kib(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
  std::uint64_t sum = 0;
  std::string line;
  while (std::getline(file, line)) {
    unsigned long long kib = 0;
    if (std::sscanf(line.c_str(), "Private_%*[a-zA-Z_]: %llu kB", &kib) == 1) sum += kib;
  }
  return sum;
}

double percentile(std::vector<double>& samples, double fraction) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const auto index = static_cast<std::size_t>(fraction * static_cast<double>(samples.size()));
  return samples[std::min(index, samples.size() - 1)];
}

void print_table(const std::vector<Row>& rows) {
  std::printf("    %-11s %-6s %8s %10s %10s %10s %10s\n", "isolation", "level", "MB/s", "p50 us",
              "p99 us", "host KiB", "cell KiB");
  for (const Row& row : rows) {
    const std::string cell = row.cell_kib == 0 ? "-" : std::to_string(row.cell_kib);
    std::printf("    %-11s %-6s %8.1f %10.1f %10.1f %10llu %10s\n", row.isolation.c_str(),
                row.level.c_str(), row.megabytes_per_second, row.p50_us, row.p99_us,
                static_cast<unsigned long long>(row.host_kib), cell.c_str());
  }
}
