// What a call costs above the least that it could cost: in process above a virtual call, into a
// cell beside a bare Cap'n Proto ping. The plugin does nothing; a call carries 64 bytes in and a
// number out.
#include <benchmark/benchmark.h>
#include <bulkhead/host.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/bench/measure.hpp"
#include "tests/bench/null_plugin.hpp"
#include "tests/bench/ping.hpp"
#include "tests/bench/virtual_call.hpp"

namespace bulkhead::bench {
namespace {

const std::string kText(64, 'x');

void require(bh_status status, char* error, const char* what) {
  if (status == BH_OK) return;
  std::cerr << "calls: " << what << " failed: " << (error != nullptr ? error : "") << '\n';
  std::exit(1);
}

// A call context and its params and result, used again and again.
class RawCall {
 public:
  explicit RawCall(bh_host* host) : call_(bh_call_new(host)) {
    params_.struct_size = sizeof params_;
    params_.text = {reinterpret_cast<const std::uint8_t*>(kText.data()), kText.size()};
    result_.struct_size = sizeof result_;
  }
  RawCall(const RawCall&) = delete;
  RawCall& operator=(const RawCall&) = delete;
  ~RawCall() { bh_call_free(call_); }

  std::uint64_t count(const bh_codec_v1& table, bh_instance* instance) {
    check(table.count(call_, instance, &params_, &result_));
    return result_.count;
  }
  void submit(const bh_codec_v1& table, bh_instance* instance, bh_completion done) {
    check(table.submit(call_, instance, BH_CODEC_COUNT, &params_, &result_, done));
  }
  void check(bh_status status) const {
    if (status == BH_OK) return;
    std::cerr << "calls: the null codec failed: " << bh_call_error(call_) << '\n';
    std::exit(1);
  }
  void reset() { bh_call_reset(call_); }

 private:
  bh_call* call_;
  bh_codec_encode_params params_{};
  bh_codec_count_result result_{};
};

// The null codec through the C interface.
class RawCodec {
 public:
  RawCodec(const HostOptions& options, Isolation isolation) {
    const char* folder = options.plugin_folders.front().c_str();
    bh_host_options host_options{};
    host_options.struct_size = sizeof host_options;
    host_options.plugin_folder_count = 1;
    host_options.plugin_folders = &folder;
    host_options.policy_file = options.policy_file.c_str();
    char* error = nullptr;
    require(bh_host_open(&host_options, &host_, &error), error, "opening the host");
    bh_load_options load_options{};
    load_options.struct_size = sizeof load_options;
    load_options.isolation = static_cast<std::int32_t>(isolation);
    load_options.minimum_level = -1;
    require(bh_plugin_load(host_, kNullCodec, &load_options, &plugin_, &error), error,
            "loading the null codec");
    require(bh_plugin_open(plugin_, nullptr, 0, &handle_, &error), error, "opening the null codec");
    table_ = static_cast<const bh_codec_v1*>(bh_handle_interface(handle_, BH_CODEC_1));
    instance_ = bh_handle_instance(handle_);
    call_ = std::make_unique<RawCall>(host_);
  }
  RawCodec(const RawCodec&) = delete;
  RawCodec& operator=(const RawCodec&) = delete;
  ~RawCodec() {
    call_.reset();
    bh_handle_free(handle_);
    bh_plugin_free(plugin_);
    bh_host_free(host_);
  }

  std::uint64_t count() { return call_->count(*table_, instance_); }
  void reset() { call_->reset(); }

  // So many calls, never more than `in_flight` of them at once.
  void count_many(unsigned calls, unsigned in_flight) {
    Finished finished;
    std::vector<std::unique_ptr<Flight>> flights;
    unsigned begun = 0;
    for (; begun < in_flight && begun < calls; ++begun) {
      flights.push_back(std::make_unique<Flight>(finished, host_));
      flights.back()->call.submit(*table_, instance_, {Flight::land, flights.back().get()});
    }
    for (unsigned ended = 0; ended < calls;) {
      for (Flight* flight : finished.take()) {
        ++ended;
        flight->call.check(flight->status);
        flight->call.reset();
        if (begun == calls) continue;
        ++begun;
        flight->call.submit(*table_, instance_, {Flight::land, flight});
      }
    }
  }

 private:
  struct Flight;
  // Calls that ended and wait for the submitting thread.
  class Finished {
   public:
    void put(Flight* flight) {
      const std::lock_guard lock(mutex_);
      flights_.push_back(flight);
      changed_.notify_one();
    }
    std::vector<Flight*> take() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !flights_.empty(); });
      return std::exchange(flights_, {});
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Flight*> flights_;
  };
  struct Flight {
    Flight(Finished& to, bh_host* host) : finished(to), call(host) {}
    static void land(void* user, bh_status status) {
      auto* flight = static_cast<Flight*>(user);
      flight->status = status;
      flight->finished.put(flight);
    }
    Finished& finished;
    RawCall call;
    bh_status status = BH_OK;
  };

  bh_host* host_ = nullptr;
  bh_plugin* plugin_ = nullptr;
  bh_handle* handle_ = nullptr;
  const bh_codec_v1* table_ = nullptr;
  bh_instance* instance_ = nullptr;
  std::unique_ptr<RawCall> call_;
};

// Collects the nanoseconds of processor time of each repetition, by the name of the benchmark.
class Collector final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration) {
        nanoseconds_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
      }
    }
  }
  double median(const std::string& name) const { return percentiles(nanoseconds_.at(name)).p50; }

 private:
  std::map<std::string, std::vector<double>> nanoseconds_;
};

template <class Body>
void add(const char* name, bool quick, Body body) {
  benchmark::RegisterBenchmark(name,
                               [body](benchmark::State& state) {
                                 for (auto _ : state) body();
                               })
      ->Repetitions(quick ? 1 : 9)
      ->MinTime(quick ? 0.001 : 0.1);
}

void in_process(const Arguments& arguments, RawCodec& raw, const CodecClient& codec,
                std::vector<Row>& rows) {
  const std::unique_ptr<Counter> counter = make_counter();
  Counter* opaque = counter.get();
  const auto* text = reinterpret_cast<const std::uint8_t*>(kText.data());
  add("virtual call", arguments.quick,
      [opaque, text] { benchmark::DoNotOptimize(opaque->count(text, kText.size())); });
  add("table call", arguments.quick, [&raw] { benchmark::DoNotOptimize(raw.count()); });
  add("table call and reset", arguments.quick, [&raw] {
    benchmark::DoNotOptimize(raw.count());
    raw.reset();
  });
  add("CodecClient::count", arguments.quick,
      [&codec] { benchmark::DoNotOptimize(codec.count(kText)); });

  char name[] = "calls";
  char* names[] = {name, nullptr};
  int count = 1;
  benchmark::Initialize(&count, names);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);

  const double base = collector.median("virtual call");
  const char question[] = "call in process, 64 B in";
  rows.push_back({question, "bh_codec_v1.count above a virtual call",
                  std::max(0.0, collector.median("table call") - base), "ns", "virtual call",
                  base});
  for (const char* figure : {"table call", "table call and reset", "CodecClient::count"}) {
    rows.push_back({question, figure, collector.median(figure), "ns", "virtual call", base});
  }
}

void across(const Arguments& arguments, const std::string& placement, RawCodec& raw,
            const CodecClient& codec, PingPeer& ping, std::vector<Row>& rows) {
  constexpr unsigned kInFlight = 64;
  std::vector<double> table, client, peer, many, many_peer;
  const auto append = [](std::vector<double>& all, std::vector<double> some) {
    all.insert(all.end(), some.begin(), some.end());
  };
  const std::size_t count = arguments.quick ? 50 : 2000;
  const unsigned batch = arguments.quick ? 128 : 6400;
  // In turns, so that a change of the machine's mood meets all alike.
  for (int round = 0; round < (arguments.quick ? 1 : 10); ++round) {
    append(peer, sample(count, [&] { benchmark::DoNotOptimize(ping.count(kText)); }));
    append(many_peer, sample(1, [&] { ping.count_many(kText, batch, kInFlight); }));
    // The ping's KJ loop owns this thread; the host would have to borrow another for each turn.
    std::thread([&] {
      append(table, sample(count, [&] {
               benchmark::DoNotOptimize(raw.count());
               raw.reset();
             }));
      append(client, sample(count, [&] { benchmark::DoNotOptimize(codec.count(kText)); }));
      append(many, sample(1, [&] { raw.count_many(batch, kInFlight); }));
    }).join();
  }
  const Percentiles theirs = percentiles(peer);
  const std::string question = "call into a cell, 64 B in, " + placement;
  const auto add_rows = [&](const char* what, std::vector<double> samples) {
    const Percentiles ours = percentiles(std::move(samples));
    rows.push_back({question, std::string(what) + ", p50", ours.p50 / 1000, "us",
                    "Cap'n Proto ping", theirs.p50 / 1000});
    rows.push_back({question, std::string(what) + ", p99", ours.p99 / 1000, "us",
                    "Cap'n Proto ping", theirs.p99 / 1000});
  };
  add_rows("table call", std::move(table));
  add_rows("CodecClient::count", std::move(client));
  rows.push_back({question, "64 in flight, time a call", percentiles(many).p50 / 1000 / batch, "us",
                  "Cap'n Proto ping, 64 in flight", percentiles(many_peer).p50 / 1000 / batch});
}

int run(const Arguments& arguments) {
  const std::vector<int> all = processors();
  pin(0, all.front());  // before the host: its threads and processes inherit it

  Workplace workplace;
  Host host(workplace.options());
  std::vector<Row> rows;
  {
    RawCodec raw(workplace.options(), Isolation::in_process);
    const CodecClient codec = host.load(kNullCodec, isolation(Isolation::in_process)).codec();
    in_process(arguments, raw, codec, rows);
  }
  {
    RawCodec raw(workplace.options(), Isolation::cell);
    const CodecClient codec = host.load(kNullCodec, isolation(Isolation::cell)).codec();
    PingPeer ping;
    if (all.size() > 1) {
      pin_descendants(all[1]);
      across(arguments, "on two processors", raw, codec, ping, rows);
    }
    pin_descendants(all.front());
    across(arguments, "on one processor", raw, codec, ping, rows);
  }
  return report(arguments, "calls",
                "callers pinned to processor " + std::to_string(all.front()) +
                    ", cell and ping server to another or to the same one, as the row says",
                rows);
}

}  // namespace
}  // namespace bulkhead::bench

int main(int argc, char** argv) {
  bulkhead::bench::serve_ping_if_asked(argc, argv);
  try {
    return bulkhead::bench::run(bulkhead::bench::parse_arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "calls: " << error.what() << '\n';
    return 1;
  }
}
