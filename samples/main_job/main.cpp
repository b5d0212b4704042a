// The main job: one plugin, in process and in a cell, with equal results; and what happens to the
// host when the cell is killed in the middle of a call. Uses the public API only.
//
//   main_job CORPUS [ENCODING]
//
// Exit code 0: everything was as it must be.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <bulkhead/host.hpp>

#include "measure.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using Ids = bulkhead::CodecClient::Ids;

constexpr std::size_t kCalls = 20'000;  // for p50 and p99
constexpr int kTurns = 3;               // for MB/s

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void require(bool holds, const std::string& sentence) {
  if (!holds) throw std::runtime_error(sentence);
}

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), std::string("can't read the corpus ") + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < kCalls) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// en_gpt2 in one isolation, with a host of its own.
struct Bench {
  bulkhead::Host host;
  bulkhead::Plugin plugin;
  bulkhead::CodecClient codec;

  Bench(bulkhead::Isolation isolation, const std::string& encoding)
      : plugin(host.load("en_gpt2", {.isolation = isolation})),
        codec(plugin.codec({{"encoding", encoding}})) {}
};

void print_level(const bulkhead::Level& level) {
  for (const std::string& layer : level.enforced)
    std::printf("      enforced: %s\n", layer.c_str());
  for (const std::string& layer : level.missing) std::printf("      missing:  %s\n", layer.c_str());
}

// Memory after the first call, before the corpus fills the host.
Row footprint(bulkhead::Isolation isolation, const std::string& encoding) {
  Bench bench(isolation, encoding);
  require(!bench.codec.encode("Hello, world").empty(), "the first call gave no ids");
  Row row;
  row.isolation = bulkhead::isolation_name(bench.plugin.isolation());
  row.level = std::to_string(bench.plugin.level().number);
  row.host_kib = private_kib(::getpid());
  if (bench.plugin.process() != 0) row.cell_kib = private_kib(bench.plugin.process());
  std::printf("    %s: level %s\n", row.isolation.c_str(), row.level.c_str());
  print_level(bench.plugin.level());
  return row;
}

bulkhead::CallOptions patient() {
  bulkhead::CallOptions options;
  options.timeout = std::chrono::minutes(10);
  return options;
}

double timed_encode(const Bench& bench, const std::string& corpus, Ids& ids) {
  const auto start = Clock::now();
  ids = bench.codec.encode(corpus, {}, patient());
  return seconds_since(start);
}

// A call a line.
void measure_lines(const Bench& bench, const std::string& corpus, Row& row) {
  std::vector<double> samples;
  for (std::string_view line : lines_of(corpus)) {
    const auto start = Clock::now();
    const Ids ids = bench.codec.encode(line);
    samples.push_back(seconds_since(start) * 1e6);
    require(!ids.empty(), row.isolation + ": a line gave no ids");
  }
  row.p50_us = percentile(samples, 0.50);
  row.p99_us = percentile(samples, 0.99);
}

// The whole corpus in one call and back, then a call a line. The isolations take turns, and the
// first turn of each only warms up, so that neither has the other's page faults. Fills in the rows,
// returns the ids.
Ids encode_corpus(const std::string& encoding, const std::string& corpus, Row& in_process,
                  Row& cell) {
  struct Side {
    Row& row;
    Bench bench;
    Ids ids;
    double best = 0;
  };
  std::array<Side, 2> sides = {
      Side{in_process, Bench(bulkhead::Isolation::in_process, encoding), {}},
      Side{cell, Bench(bulkhead::Isolation::cell, encoding), {}}};
  for (Side& side : sides) timed_encode(side.bench, corpus, side.ids);
  for (int turn = 0; turn < kTurns; ++turn) {
    for (Side& side : sides) {
      const double seconds = timed_encode(side.bench, corpus, side.ids);
      if (turn == 0 || seconds < side.best) side.best = seconds;
    }
  }
  for (Side& side : sides) {
    side.row.megabytes_per_second = static_cast<double>(corpus.size()) / 1e6 / side.best;
    require(side.bench.codec.decode(side.ids, patient()) == corpus,
            side.row.isolation + ": the decoded text differs from the source");
    measure_lines(side.bench, corpus, side.row);
    std::printf("    %s: %zu bytes to %zu ids, decoded back to the same bytes\n",
                side.row.isolation.c_str(), corpus.size(), side.ids.size());
  }
  require(sides[0].ids == sides[1].ids, "the ids from the cell differ from the ids in process");
  return std::move(sides[0].ids);
}

// Kills the cell while it encodes. Returns what the caller was told.
bulkhead::Error kill_in_the_middle(Bench& bench, std::string text) {
  Ids ids;
  while (timed_encode(bench, text, ids) < 0.5) text += text;  // a call long enough to be hit
  std::future<Ids> call = bench.codec.encode_async(text, {}, patient());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  require(::kill(bench.plugin.process(), SIGKILL) == 0, "the cell's process can't be killed");
  try {
    call.get();
  } catch (const bulkhead::Error& error) {
    return error;
  }
  throw std::runtime_error("the call of the killed cell succeeded");
}

void survive_a_kill(const std::string& encoding, const std::string& corpus, const Ids& expected) {
  Bench bench(bulkhead::Isolation::cell, encoding);
  const int before = bench.plugin.process();
  std::printf(
      "    what follows with a time is the host's log, as every program gets it on standard error\n"
      "    that sets no HostOptions::log:\n");
  const bulkhead::Error error = kill_in_the_middle(bench, corpus);
  std::printf("    the caller got %s: %s\n", bulkhead::status_name(error.status()).c_str(),
              error.what());
  require(error.status() == bulkhead::Status::plugin_crashed,
          "the error of a killed cell must be plugin_crashed");
  require(bench.codec.encode(corpus, {}, patient()) == expected,
          "after the restart of the cell the ids differ");
  std::printf("    cell %d is gone, cell %d answered the next call with the same ids\n", before,
              bench.plugin.process());
}

void run(const char* corpus_path, const std::string& encoding) {
  using bulkhead::Isolation;
  std::printf("  Start en_gpt2 (%s) in both isolations\n", encoding.c_str());
  Row cell = footprint(Isolation::cell, encoding);
  Row in_process = footprint(Isolation::in_process, encoding);

  std::printf("  Encode and decode the corpus\n");
  const std::string corpus = read_file(corpus_path);
  const Ids ids = encode_corpus(encoding, corpus, in_process, cell);
  std::printf("    the ids are equal in both isolations\n");
  print_table({in_process, cell});
  std::printf(
      "    MB/s: the corpus in one call, the best of %d in turns, warmed up; p50 and p99: a call a "
      "line;\n    KiB: private memory after the first call, in process the host holds the "
      "plugin\n",
      kTurns);

  std::printf("  Kill the cell with SIGKILL in the middle of a call\n");
  survive_a_kill(encoding, corpus, ids);
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc < 2) {
    std::fprintf(stderr, "usage: main_job CORPUS [ENCODING]\n");
    return 2;
  }
  try {
    run(argv[1], argc > 2 ? argv[2] : "gpt2");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "main_job: %s\n", error.what());
    return 1;
  }
}
