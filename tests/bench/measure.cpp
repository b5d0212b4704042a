#include "tests/bench/measure.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <nlohmann/json.hpp>

namespace bulkhead::bench {
namespace {

namespace fs = std::filesystem;

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string kernel() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

std::string number(double value) {
  char text[32];
  const double size = std::fabs(value);
  const int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string stat;
    std::getline(file, stat, '\0');           // empty when the process is gone by now
    const std::size_t end = stat.rfind(')');  // the name may contain anything
    if (end == std::string::npos) continue;
    std::istringstream rest(stat.substr(end + 1));
    char state = 0;
    pid_t ppid = 0;
    if (rest >> state >> ppid && ppid == parent) children.push_back(std::stoi(name));
  }
  return children;
}

}  // namespace

double Row::ratio() const { return peer.empty() || value <= 0 ? 0 : peer_value / value; }

Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      arguments.quick = true;
    } else if (argument == "--json" && i + 1 < argc) {
      arguments.json = argv[++i];
    } else {
      std::cerr << argv[0] << ": unknown argument '" << argument
                << "'. It takes --quick and --json FILE.\n";
      std::exit(2);
    }
  }
  return arguments;
}

int report(const Arguments& arguments, const std::string& program, const std::string& placement,
           const std::vector<Row>& rows) {
  std::cout << "### " << program << "\n\n"
            << processor_name() << ", " << ::sysconf(_SC_NPROCESSORS_ONLN) << " processors, Linux "
            << kernel() << "; " << placement
            << (arguments.quick ? "; quick run, the figures mean little" : "")
            << "\n\n| question | figure | value | unit | peer | peer's value | times better |\n"
            << "|---|---|---:|---|---|---:|---:|\n";
  nlohmann::json json = {{"program", program},
                         {"processor", processor_name()},
                         {"processors", ::sysconf(_SC_NPROCESSORS_ONLN)},
                         {"kernel", kernel()},
                         {"placement", placement},
                         {"quick", arguments.quick},
                         {"rows", nlohmann::json::array()}};
  for (const Row& row : rows) {
    const bool peer = !row.peer.empty();
    std::cout << "| " << row.question << " | " << row.figure << " | " << number(row.value) << " | "
              << row.unit << " | " << row.peer << " | " << (peer ? number(row.peer_value) : "")
              << " | " << (row.ratio() > 0 ? number(row.ratio()) : "") << " |\n";
    nlohmann::json entry = {{"question", row.question},
                            {"figure", row.figure},
                            {"value", row.value},
                            {"unit", row.unit}};
    entry["peer"] = peer ? nlohmann::json(row.peer) : nlohmann::json();
    entry["peer_value"] = peer ? nlohmann::json(row.peer_value) : nlohmann::json();
    entry["ratio"] = row.ratio() > 0 ? nlohmann::json(row.ratio()) : nlohmann::json();
    json["rows"].push_back(std::move(entry));
  }
  std::cout << std::endl;
  if (!arguments.json.empty()) {
    std::ofstream file(arguments.json);
    file << json.dump(2) << '\n';
    file.flush();
    if (!file) {
      std::cerr << program << ": the rows could not be written to '" << arguments.json << "'.\n";
      return 1;
    }
  }
  return 0;
}

Percentiles percentiles(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const std::size_t last = samples.size() - 1;
  return {samples.at(last / 2), samples.at(last * 99 / 100)};
}

std::vector<double> sample(std::size_t count, const std::function<void()>& once) {
  for (std::size_t i = 0; i < count / 10; ++i) once();
  std::vector<double> samples(count);
  for (double& nanoseconds : samples) {
    const auto start = std::chrono::steady_clock::now();
    once();
    nanoseconds =
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  }
  return samples;
}

std::vector<int> processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> found;
  if (::sched_getaffinity(::getpid(), sizeof set, &set) != 0) return found;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) found.push_back(i);
  }
  return found;
}

void pin(pid_t pid, int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (pid == 0) {
    if (::sched_setaffinity(0, sizeof set, &set) != 0) {
      throw std::system_error(errno, std::generic_category(), "Pinning the benchmark failed");
    }
    return;
  }
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    if (::sched_setaffinity(std::stoi(task.path().filename().string()), sizeof set, &set) != 0 &&
        errno != ESRCH) {
      throw std::system_error(errno, std::generic_category(), "Pinning a peer failed");
    }
  }
}

std::vector<pid_t> descendants() {
  std::vector<pid_t> all = children_of(::getpid());
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const pid_t child : children_of(all[i])) all.push_back(child);
  }
  return all;
}

void pin_descendants(int processor) {
  for (const pid_t pid : descendants()) pin(pid, processor);
}

std::uint64_t private_kib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  if (!file)
    throw std::runtime_error("The memory of process " + std::to_string(pid) +
                             " can't be read: /proc/PID/smaps_rollup does not open.");
  std::uint64_t sum = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:")) {
      sum += std::stoull(line.substr(line.find(':') + 1));
    }
  }
  return sum;
}

}  // namespace bulkhead::bench
