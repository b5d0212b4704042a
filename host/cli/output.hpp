// Standard output of a command: bytes, tables for people, JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

class Failure;

// What a terminal must not interpret (control characters, broken UTF-8) becomes "\xNN": text from
// plugins and other processes is shown through this.
std::string printable(std::string_view text);

// "1.2 MB", "17 B": decimal units, three digits.
std::string bytes_text(double bytes);
std::string seconds_text(double seconds);

enum class Colour { plain, bold, dim, red, green, yellow };

class Output {
 public:
  explicit Output(bool json);

  // --json was given.
  bool json() const { return json_; }
  // Standard output is a terminal.
  bool terminal() const { return terminal_; }

  // Throws Failure with Exit::output when not everything could be written.
  void write(std::string_view bytes);
  // One JSON document, a line; on a terminal indented.
  void document(const nlohmann::ordered_json& document);
  // `text` in a colour where standard output shows colours.
  std::string paint(Colour colour, std::string_view text) const;
  // Last words: a failure to store what was written may show only at the end.
  void finish();

  // "bulkhead: sentence" on standard error, and with --json the same as a document, unless another
  // answer was begun: standard output never has two.
  void report(const Failure& failure);

 private:
  bool json_;
  bool begun_ = false;
  bool terminal_;
  bool colours_;
};

// Columns aligned by their widest cell; cells are made printable. On a terminal the last column is
// cut where the line would wrap.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  void add(std::vector<std::string> row, Colour colour = Colour::plain);
  bool empty() const { return rows_.empty(); }
  void print(Output& output) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Colour colour;
  };
  std::vector<std::string> header_;
  std::vector<Row> rows_;
};

}  // namespace bulkhead::cli
