// The record of a pipeline run: what ran on what, where, how protected, how long, with what result.
#pragma once

#include <bulkhead/host.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::cli {

struct Pipeline;

constexpr int kRecordFormat = 1;

// "2024-05-31T12:00:00.123Z"
std::string utc(std::chrono::system_clock::time_point time);

struct DataRecord {
  std::string path;  // empty: another step's result
  std::string step;
  std::string sha256;
  std::uint64_t bytes = 0;
  std::string name{};  // of a lent file: by which the plugin knew it
};

enum class StepStatus { skipped, ok, failed, cancelled };

struct StepRecord {
  StepStatus status = StepStatus::skipped;
  std::string version;  // of the plugin; empty: it was never loaded
  std::string package_hash;
  std::optional<Isolation> isolation;
  Level level;
  std::vector<DataRecord> inputs;
  std::optional<DataRecord> output;
  std::vector<DataRecord> written;  // files that the plugin was lent to write
  std::optional<std::chrono::system_clock::time_point> started;
  std::chrono::nanoseconds duration{0};
  std::string error_status, error;

  double seconds() const { return std::chrono::duration<double>(duration).count(); }
  std::uint64_t bytes_in() const;
};

struct RunRecord {
  std::chrono::system_clock::time_point started, ended;
  std::string status;             // "ok", "failed", "interrupted"
  std::vector<StepRecord> steps;  // as in the pipeline

  nlohmann::ordered_json document(const Pipeline& pipeline) const;
};

const char* step_status_name(StepStatus status);

}  // namespace bulkhead::cli
