// What the main job measures, and the table it prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

// Private memory of a process in KiB, from /proc/PID/smaps_rollup; 0 where that can't be read.
std::uint64_t private_kib(pid_t process);

// The value below which `fraction` of the samples lie. Sorts them.
double percentile(std::vector<double>& samples, double fraction);

struct Row {
  std::string isolation;
  std::string level;
  double megabytes_per_second = 0;
  double p50_us = 0, p99_us = 0;
  std::uint64_t host_kib = 0, cell_kib = 0;  // cell 0: there is none
};

void print_table(const std::vector<Row>& rows);
