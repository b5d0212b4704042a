#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "descriptors.hpp"
#include "output.hpp"

namespace bulkhead::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenDraws{100};

bool can_redraw() {
  const char* kind = std::getenv("TERM");
  return ::isatty(2) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::size_t columns_of_terminal() {
  winsize size{};
  if (::ioctl(2, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Progress::Progress() : bars_(can_redraw()) {}

void Progress::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  erase();
  write_all(2, std::string(text) + "\n");
  draw();
}

std::unique_ptr<Progress::Task> Progress::start(std::string name, std::uint64_t bytes) {
  return std::make_unique<Task>(*this, std::move(name), bytes);
}

void Progress::erase() {
  std::string codes;
  for (; drawn_ > 0; --drawn_) codes += "\x1b[1A\x1b[2K";
  if (!codes.empty()) write_all(2, codes);
}

void Progress::draw() {
  if (!bars_) return;
  std::string lines;
  const std::size_t columns = columns_of_terminal();
  for (const Task* task : tasks_) lines += task->text(columns) + "\n";
  drawn_ = tasks_.size();
  if (!lines.empty()) write_all(2, lines);
  last_ = std::chrono::steady_clock::now();
}

Progress::Task::Task(Progress& progress, std::string name, std::uint64_t bytes)
    : progress_(progress), name_(std::move(name)), bytes_(bytes) {
  const std::lock_guard lock(progress_.mutex_);
  progress_.erase();
  progress_.tasks_.push_back(this);
  progress_.draw();
}

Progress::Task::~Task() {
  const std::lock_guard lock(progress_.mutex_);
  progress_.erase();
  progress_.tasks_.remove(this);
  progress_.draw();
}

void Progress::Task::update(std::uint64_t done, std::uint64_t total) {
  const std::lock_guard lock(progress_.mutex_);
  if (total > 0) share_ = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  if (std::chrono::steady_clock::now() - progress_.last_ < kBetweenDraws) return;
  progress_.erase();
  progress_.draw();
}

std::string Progress::Task::text(std::size_t columns) const {
  const double seconds = seconds_since(started_);
  std::string facts = " " + bytes_text(static_cast<double>(bytes_));
  if (share_ >= 0 && seconds > 0) {
    const double done = share_ * static_cast<double>(bytes_);
    facts = " " + bytes_text(done) + " of" + facts + "  " + bytes_text(done / seconds) + "/s";
  }
  facts += "  " + seconds_text(seconds);
  std::string head = printable(name_).substr(0, 24);
  head.resize(std::max<std::size_t>(head.size(), 12), ' ');
  const std::size_t used = head.size() + facts.size() + 3;
  const std::size_t room = columns > used + 4 ? std::min<std::size_t>(columns - used - 1, 40) : 0;
  if (room == 0) return head + facts;
  const std::size_t full =
      share_ < 0 ? 0 : static_cast<std::size_t>(share_ * static_cast<double>(room));
  return head + " [" + std::string(full, '#') + std::string(room - full, '.') + "]" + facts;
}

}  // namespace bulkhead::cli
