// Strict reading of TOML: every problem is an error with file, line, column and, for an unknown
// key, the nearest known one. TOML++ stays inside the .cpp file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::manifest {

// what() reads "FILE:LINE:COLUMN: sentence"; line and column are 0 where there is none.
class FileError : public std::runtime_error {
 public:
  FileError(std::string file, unsigned line, unsigned column, const std::string& sentence);
  const std::string& file() const { return file_; }
  unsigned line() const { return line_; }
  unsigned column() const { return column_; }

 private:
  std::string file_;
  unsigned line_, column_;
};

// The candidate nearest to `word` by edit distance, or empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// A table that is being read. Keys are taken one by one; finish() then refuses what was not taken.
// A missing optional key gives nullopt; a wrong type is an error that says both types.
class TomlTable {
 public:
  // Text of at most 1 MiB and 32 levels, valid UTF-8. Throws FileError.
  static TomlTable parse(std::string_view text, std::string file);

  std::optional<std::string> text(const char* key);
  std::optional<std::int64_t> integer(const char* key);
  std::optional<double> number(const char* key);  // integers too
  std::optional<bool> boolean(const char* key);
  std::optional<std::vector<std::string>> texts(const char* key);
  std::optional<TomlTable> table(const char* key);
  std::vector<TomlTable> tables(const char* key);  // array of tables; empty where missing
  std::vector<std::string> keys() const;           // all keys, in order of their place in the file
  std::string type_of(const char* key) const;      // "string", "integer", ...; empty where missing

  std::string required_text(const char* key);
  std::int64_t required_integer(const char* key);
  // An error about this key (its value's place), or about the table itself (key null).
  [[noreturn]] void fail(const char* key, const std::string& sentence) const;
  // Refuses every key that was never asked for, naming the nearest that was.
  void finish() const;

  struct Node;
  explicit TomlTable(std::shared_ptr<Node> node);

 private:
  std::shared_ptr<Node> node_;
};

}  // namespace bulkhead::manifest
