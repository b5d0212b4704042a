#include "record.hpp"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "pipeline.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

double milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count() / 1000) / 1000;
}

ordered_json data_document(const DataRecord& data) {
  ordered_json document;
  if (!data.name.empty()) document["name"] = data.name;
  if (!data.path.empty()) document["path"] = data.path;
  if (!data.step.empty()) document["step"] = data.step;
  document["sha256"] = data.sha256;
  document["bytes"] = data.bytes;
  return document;
}

ordered_json step_document(const Pipeline& pipeline, const Step& step, const StepRecord& record) {
  ordered_json document;
  document["name"] = step.name;
  document["status"] = step_status_name(record.status);
  document["method"] = step.compares() ? "compare" : step.method;
  if (!step.compares()) {
    if (step.instance) document["instance"] = pipeline.instances[*step.instance].name;
    document["plugin"]["id"] = step.plugin;
    if (!record.version.empty()) {
      document["plugin"]["version"] = record.version;
      document["plugin"]["package_hash"] = record.package_hash;
    }
    if (record.isolation) {
      document["isolation"] = isolation_name(*record.isolation);
      document["level"]["number"] = record.level.number;
      document["level"]["enforced"] = record.level.enforced;
    }
    for (const auto& [key, value] : step.config)
      std::visit([&, &name = key](const auto& item) { document["config"][name] = item; }, value);
  }
  document["inputs"] = ordered_json::array();
  for (const DataRecord& input : record.inputs) document["inputs"].push_back(data_document(input));
  document["output"] = record.output ? data_document(*record.output) : ordered_json();
  document["written"] = ordered_json::array();
  for (const DataRecord& file : record.written) document["written"].push_back(data_document(file));
  document["started"] = record.started ? ordered_json(utc(*record.started)) : ordered_json();
  document["duration_ms"] = milliseconds(record.duration);
  document["error"] = nullptr;
  if (!record.error.empty())
    document["error"] = {{"status", record.error_status}, {"message", record.error}};
  return document;
}

}  // namespace

std::string utc(std::chrono::system_clock::time_point time) {
  const auto count =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(count / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%03dZ", day, static_cast<int>(count % 1000));
  return text;
}

const char* step_status_name(StepStatus status) {
  switch (status) {
    case StepStatus::ok:
      return "ok";
    case StepStatus::failed:
      return "failed";
    case StepStatus::cancelled:
      return "cancelled";
    case StepStatus::skipped:
      break;
  }
  return "skipped";
}

std::uint64_t StepRecord::bytes_in() const {
  std::uint64_t sum = 0;
  for (const DataRecord& input : inputs) sum += input.bytes;
  return sum;
}

ordered_json RunRecord::document(const Pipeline& pipeline) const {
  ordered_json document;
  document["format"] = kRecordFormat;
  document["pipeline"] = {
      {"name", pipeline.name}, {"file", pipeline.file}, {"sha256", pipeline.hash}};
  document["variables"] = pipeline.variables;
  document["host_version"] = host_version();
  document["started"] = utc(started);
  document["ended"] = utc(ended);
  document["status"] = status;
  document["steps"] = ordered_json::array();
  for (std::size_t i = 0; i < steps.size(); ++i)
    document["steps"].push_back(step_document(pipeline, pipeline.steps[i], steps[i]));
  return document;
}

}  // namespace bulkhead::cli
