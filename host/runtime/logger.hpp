// Where log lines of the host and its plugins go: the embedder's callback, or standard error.
#pragma once

#include <bulkhead/host.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace bulkhead::host {

// [any-thread]; one line at a time reaches the callback.
class Logger {
 public:
  explicit Logger(std::function<void(const LogRecord&)> callback);
  ~Logger();
  void write(std::uint32_t level, const std::string& plugin, std::uint64_t call,
             std::string_view text);

 private:
  std::function<void(const LogRecord&)> callback_;
  std::shared_ptr<spdlog::logger> standard_error_;
  std::mutex mutex_;
};

// One plugin's lines, at most so many a second; what was dropped is told once a second.
class PluginLog {
 public:
  PluginLog(std::shared_ptr<Logger> logger, std::string plugin);
  void write(std::uint64_t call, std::uint32_t level, std::string_view line);

 private:
  static constexpr unsigned kLinesASecond = 1000;
  const std::shared_ptr<Logger> logger_;
  const std::string plugin_;
  std::mutex mutex_;
  std::int64_t second_ = 0;
  unsigned lines_ = 0, dropped_ = 0;
};

}  // namespace bulkhead::host
