#include "output.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "descriptors.hpp"
#include "failure.hpp"

namespace bulkhead::cli {
namespace {

// Bytes of the UTF-8 character at the front, 0 where there is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xC2 ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return size;
}

std::size_t width(std::string_view printable_text) {
  return static_cast<std::size_t>(
      std::count_if(printable_text.begin(), printable_text.end(),
                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string cut(const std::string& text, std::size_t columns) {
  if (width(text) <= columns) return text;
  std::size_t end = 0;
  for (std::size_t shown = 0; shown + 1 < columns; ++shown)
    end += std::max<std::size_t>(1, character_size(std::string_view(text).substr(end)));
  return text.substr(0, end) + "…";
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(1, TIOCGWINSZ, &size) != 0 || size.ws_col < 40) return 100;
  return size.ws_col;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const unsigned char first = static_cast<unsigned char>(text.front());
    const bool control = first < 0x20 || first == 0x7F ||
                         (size == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    if (size == 0 || control) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02X", first);
      shown += escape;
      text.remove_prefix(1);
      continue;
    }
    shown += text.substr(0, size);
    text.remove_prefix(size);
  }
  return shown;
}

std::string bytes_text(double bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < std::size(kUnits)) {
    bytes /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || bytes >= 99.95 ? "%.0f %s" : "%.1f %s", bytes,
                kUnits[unit]);
  return text;
}

std::string seconds_text(double seconds) {
  char text[32];
  if (seconds < 0.9995)
    std::snprintf(text, sizeof text, "%.0f ms", seconds * 1000);
  else if (seconds < 120)
    std::snprintf(text, sizeof text, "%.2f s", seconds);
  else
    std::snprintf(text, sizeof text, "%ld min %02ld s", static_cast<long>(seconds) / 60,
                  static_cast<long>(seconds) % 60);
  return text;
}

Output::Output(bool json) : json_(json), terminal_(::isatty(1) == 1) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  colours_ = terminal_ && (no_colour == nullptr || *no_colour == '\0') &&
             (kind == nullptr || std::string_view(kind) != "dumb");
}

void Output::write(std::string_view bytes) {
  begun_ = true;
  if (const int error = write_all(1, bytes)) throw output_failure("standard output", error);
}

void Output::document(const nlohmann::ordered_json& document) {
  // Text from outside may be no UTF-8: it is shown with replacement characters.
  write(document.dump(terminal_ ? 2 : -1, ' ', false,
                      nlohmann::ordered_json::error_handler_t::replace) +
        "\n");
}

std::string Output::paint(Colour colour, std::string_view text) const {
  if (!colours_ || colour == Colour::plain) return std::string(text);
  constexpr const char* kCodes[] = {"0", "1", "2", "31", "32", "33"};
  return std::string("\x1b[") + kCodes[static_cast<std::size_t>(colour)] + "m" + std::string(text) +
         "\x1b[0m";
}

void Output::finish() {
  // Network file systems tell of a full disk at close; the number itself stays taken.
  const int copy = ::fcntl(1, F_DUPFD_CLOEXEC, 3);
  if (copy >= 0 && ::close(copy) != 0 && errno != EINTR)
    throw output_failure("standard output", errno);
}

void Output::report(const Failure& failure) {
  // The command's own sentences may have more lines, which begin with spaces.
  std::string_view rest = failure.what();
  std::string shown = "bulkhead: ";
  for (std::size_t end; (end = rest.find("\n  ")) != std::string_view::npos;) {
    shown += printable(rest.substr(0, end)) + "\n  ";
    rest.remove_prefix(end + 3);
  }
  write_all(2, shown + printable(rest) + "\n");
  if (!json_ || begun_ || failure.exit() == Exit::output) return;
  nlohmann::ordered_json words;
  words["error"]["status"] = failure.status();
  words["error"]["message"] = failure.what();
  document(words);
}

Table::Table(std::vector<std::string> header) : header_(std::move(header)) {}

void Table::add(std::vector<std::string> row, Colour colour) {
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back({std::move(row), colour});
}

void Table::print(Output& output) const {
  std::vector<std::size_t> widths;
  for (const std::string& title : header_) widths.push_back(width(title));
  for (const Row& row : rows_)
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      widths[i] = std::max(widths[i], width(row.cells[i]));

  const std::size_t columns = terminal_columns();
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    std::size_t used = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i + 1 == cells.size()) {
        const std::size_t left = columns > used + 10 ? columns - used : 10;
        return text + (output.terminal() ? cut(cells[i], left) : cells[i]);
      }
      text += cells[i] + std::string(widths[i] - width(cells[i]) + 2, ' ');
      used += widths[i] + 2;
    }
    return text;
  };
  std::string text = output.paint(Colour::bold, line(header_)) + "\n";
  for (const Row& row : rows_) text += output.paint(row.colour, line(row.cells)) + "\n";
  output.write(text);
}

}  // namespace bulkhead::cli
