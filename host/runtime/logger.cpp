#include "host/runtime/logger.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::host {
namespace {

spdlog::level::level_enum spdlog_level(std::uint32_t level) {
  switch (level) {
    case BH_LOG_DEBUG:
      return spdlog::level::debug;
    case BH_LOG_INFO:
      return spdlog::level::info;
    case BH_LOG_WARN:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

// A plugin's line must not steer the terminal that it is shown on.
std::string printable(std::string_view text) {
  std::string line(text);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }, ' ');
  return line;
}

}  // namespace

Logger::Logger(std::function<void(const LogRecord&)> callback) : callback_(std::move(callback)) {
  if (callback_) return;
  // A logger of this host alone: spdlog's registry is global, so it stays out of it.
  standard_error_ = std::make_shared<spdlog::logger>(
      "bulkhead", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  standard_error_->set_pattern("%Y-%m-%dT%H:%M:%S.%e %n %l %v");
  standard_error_->set_level(spdlog::level::warn);
}

Logger::~Logger() = default;

void Logger::write(std::uint32_t level, const std::string& plugin, std::uint64_t call,
                   std::string_view text) {
  level = std::clamp<std::uint32_t>(level, BH_LOG_DEBUG, BH_LOG_ERROR);
  if (callback_) {
    const std::lock_guard lock(mutex_);
    callback_({level, plugin, call, printable(text)});
    return;
  }
  const std::string who = plugin.empty() ? "" : "[" + plugin + "] ";
  standard_error_->log(spdlog_level(level), "{}{}", who, printable(text));
}

PluginLog::PluginLog(std::shared_ptr<Logger> logger, std::string plugin)
    : logger_(std::move(logger)), plugin_(std::move(plugin)) {}

void PluginLog::write(std::uint64_t call, std::uint32_t level, std::string_view line) {
  unsigned dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t second = wire::monotonic_now() / 1'000'000'000;
    if (second != second_) {
      second_ = second;
      lines_ = 0;
      dropped = std::exchange(dropped_, 0);
    }
    if (++lines_ > kLinesASecond) {
      ++dropped_;
      return;
    }
  }
  if (dropped > 0) {
    logger_->write(BH_LOG_WARN, plugin_, 0,
                   std::to_string(dropped) + " log lines were dropped: more than " +
                       std::to_string(kLinesASecond) + " in a second");
  }
  logger_->write(level, plugin_, call, line);
}

}  // namespace bulkhead::host
