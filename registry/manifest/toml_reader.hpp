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

// what() reads "FILE:LINE:COLUMN: sentence", printable whatever the file holds; line and column are
// 0 where there is none, and then not shown.
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

// A table that is being read. Keys are taken one by one; finish() then refuses what was not taken.
// A missing optional key gives nullopt; a wrong type is an error that says both types.
class TomlTable {
 public:
  // Text of at most 1 MiB and 32 levels, valid UTF-8. Throws FileError.
  static TomlTable parse(std::string_view text, std::string file);

  std::optional<std::string> text(const char* key);
  std::optional<std::int64_t> integer(const char* key);
  std::optional<double> number(const char* key);  // integers too; finite
  std::optional<bool> boolean(const char* key);
  std::optional<std::vector<std::string>> texts(const char* key);
  std::optional<TomlTable> table(const char* key);
  std::vector<TomlTable> tables(const char* key);  // array of tables; empty where missing
  bool has(const char* key);                       // whatever its type
  std::vector<std::string> keys() const;           // all keys, in order of their place in the file
  // "string", "integer", "float", "boolean", "array", "table", "date", "time", "date-time"; empty
  // where missing.
  std::string type_of(const char* key) const;

  std::string required_text(const char* key);
  std::int64_t required_integer(const char* key);
  TomlTable required_table(const char* key);

  // How messages call a key: "plugin.id". Null: the table itself.
  std::string name(const char* key) const;
  // The line of the key's value, or of the table where key is null or missing.
  unsigned line(const char* key) const;
  // An error about this key (its value's place), or about the table itself (key null).
  [[noreturn]] void fail(const char* key, const std::string& sentence) const;
  // The same at the place of an element of the array `key`.
  [[noreturn]] void fail_element(const char* key, std::size_t index,
                                 const std::string& sentence) const;
  // An error about a key that should not be there (the key's own place).
  [[noreturn]] void fail_key(const std::string& key, const std::string& sentence) const;
  // Refuses every key that was never asked for, naming the nearest that was.
  void finish() const;

  struct Node;
  explicit TomlTable(std::shared_ptr<Node> node);

 private:
  std::shared_ptr<Node> node_;
};

}  // namespace bulkhead::manifest

#include "registry/manifest/words.hpp"  // quoted, listed, nearest: for the sentences
