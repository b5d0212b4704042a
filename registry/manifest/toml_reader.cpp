#include "registry/manifest/toml_reader.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <toml++/toml.h>

#include "registry/manifest/text_file.hpp"
#include "registry/manifest/toml_shape.hpp"

namespace bulkhead::manifest {
namespace {

struct Document {
  toml::table root;
  std::string file;
};

std::string error_text(const std::string& file, unsigned line, unsigned column,
                       const std::string& sentence) {
  std::string place = escaped(file);
  if (line > 0) place += ":" + std::to_string(line) + ":" + std::to_string(column);
  return place + ": " + escaped(sentence);
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "table";
    case toml::node_type::array:
      return "array";
    case toml::node_type::string:
      return "string";
    case toml::node_type::integer:
      return "integer";
    case toml::node_type::floating_point:
      return "float";
    case toml::node_type::boolean:
      return "boolean";
    case toml::node_type::date:
      return "date";
    case toml::node_type::time:
      return "time";
    case toml::node_type::date_time:
      return "date-time";
    case toml::node_type::none:
      break;
  }
  return "";
}

std::string with_article(const std::string& noun) {
  const bool vowel = std::string_view("aeiou").find(noun.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

[[noreturn]] void fail_at(const Document& document, const toml::source_region& place,
                          const std::string& sentence) {
  throw FileError(document.file, place.begin.line, place.begin.column, sentence);
}

bool before(const toml::source_position& a, const toml::source_position& b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

// Keys of a table with their places, in the order of the file.
std::vector<std::pair<std::string, toml::source_region>> placed_keys(const toml::table& table) {
  std::vector<std::pair<std::string, toml::source_region>> result;
  for (const auto& [key, value] : table) result.emplace_back(key.str(), key.source());
  std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return before(a.second.begin, b.second.begin);
  });
  return result;
}

// find_shape_problem() bounds each key and each value; this, what they are together.
void check_depth(const Document& document, const toml::node& node, unsigned depth) {
  if (depth > kDeepestToml) {
    fail_at(document, node.source(),
            "tables and arrays are nested deeper than " + std::to_string(kDeepestToml) + " levels");
  }
  if (const toml::table* table = node.as_table()) {
    for (const auto& [key, value] : *table) check_depth(document, value, depth + 1);
  } else if (const toml::array* array = node.as_array()) {
    for (const toml::node& element : *array) check_depth(document, element, depth + 1);
  }
}

}  // namespace

FileError::FileError(std::string file, unsigned line, unsigned column, const std::string& sentence)
    : std::runtime_error(error_text(file, line, column, sentence)),
      file_(std::move(file)),
      line_(line),
      column_(column) {}

struct TomlTable::Node {
  std::shared_ptr<const Document> document;
  const toml::table* table = nullptr;  // inside the document
  std::string path;                    // "config.encoding"; empty: the top level
  std::vector<std::string> asked;      // keys, in the order of the questions

  const toml::node* find(const char* key) {
    if (std::find(asked.begin(), asked.end(), key) == asked.end()) asked.emplace_back(key);
    return table->get(key);
  }
  std::string name(const char* key) const {
    if (key == nullptr) return path;
    return path.empty() ? std::string(key) : path + "." + key;
  }
  [[noreturn]] void wrong_type(const toml::node& node, const char* key,
                               const std::string& wanted) const {
    fail_at(*document, node.source(),
            escaped(name(key)) + " must be " + with_article(wanted) + ", but this is " +
                with_article(type_name(node)));
  }
  template <class Type>
  std::optional<Type> value(const char* key, const std::string& wanted) {
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    auto result = node->value_exact<Type>();
    if (!result) wrong_type(*node, key, wanted);
    return result;
  }
  std::shared_ptr<Node> child(const char* key, const toml::table& inner) const {
    return std::make_shared<Node>(Node{document, &inner, name(key), {}});
  }
  // Keys that nobody asked for so far.
  std::vector<std::string> unasked() const {
    std::vector<std::string> result;
    for (const auto& [key, place] : placed_keys(*table)) {
      if (std::find(asked.begin(), asked.end(), key) == asked.end()) result.push_back(key);
    }
    return result;
  }
  [[noreturn]] void missing(const char* key, const std::string& what) const {
    std::string sentence = what + " is missing";
    const std::string near = nearest(key, unasked());
    if (!near.empty()) {
      const toml::key& meant = table->find(near)->first;
      sentence += "; is " + quoted(near) + " in line " + std::to_string(meant.source().begin.line) +
                  " meant to be it?";
    }
    fail_at(*document, table->source(), sentence);
  }
};

TomlTable::TomlTable(std::shared_ptr<Node> node) : node_(std::move(node)) {}

TomlTable TomlTable::parse(std::string_view text, std::string file) {
  if (text.size() > kLargestTextFile) throw FileError(file, 0, 0, "is larger than 1 MiB");
  if (const auto problem = find_shape_problem(text)) {
    throw FileError(file, problem->line, problem->column, problem->sentence);
  }
  auto document = std::make_shared<Document>();
  document->file = std::move(file);
  try {
    document->root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    std::string description(error.description());
    if (description.starts_with("Error")) description.front() = 'e';
    fail_at(*document, error.source(), "this is not valid TOML: " + description);
  }
  check_depth(*document, document->root, 0);
  const toml::table* root = &document->root;
  return TomlTable(std::make_shared<Node>(Node{std::move(document), root, "", {}}));
}

std::optional<std::string> TomlTable::text(const char* key) {
  return node_->value<std::string>(key, "string");
}

std::optional<std::int64_t> TomlTable::integer(const char* key) {
  return node_->value<std::int64_t>(key, "integer");
}

std::optional<bool> TomlTable::boolean(const char* key) {
  return node_->value<bool>(key, "boolean");
}

std::optional<double> TomlTable::number(const char* key) {
  const toml::node* node = node_->find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_number()) node_->wrong_type(*node, key, "number");
  const auto result = node->value<double>();
  // An integer without an exact double is refused rather than rounded.
  if (!result) fail(key, escaped(name(key)) + " has more digits than a number can hold");
  if (!std::isfinite(*result)) fail(key, escaped(name(key)) + " must be a finite number");
  return result;
}

std::optional<std::vector<std::string>> TomlTable::texts(const char* key) {
  const toml::node* node = node_->find(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* array = node->as_array();
  if (array == nullptr) node_->wrong_type(*node, key, "array of strings");
  std::vector<std::string> result;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    if (text == nullptr) {
      fail_at(*node_->document, element.source(),
              escaped(name(key)) + " must be an array of strings, but this element is " +
                  with_article(type_name(element)));
    }
    result.push_back(text->get());
  }
  return result;
}

std::optional<TomlTable> TomlTable::table(const char* key) {
  const toml::node* node = node_->find(key);
  if (node == nullptr) return std::nullopt;
  const toml::table* table = node->as_table();
  if (table == nullptr) node_->wrong_type(*node, key, "table");
  return TomlTable(node_->child(key, *table));
}

std::vector<TomlTable> TomlTable::tables(const char* key) {
  std::vector<TomlTable> result;
  const toml::node* node = node_->find(key);
  if (node == nullptr) return result;
  const std::string wanted = "array of tables, each headed [[" + escaped(name(key)) + "]]";
  const toml::array* array = node->as_array();
  if (array == nullptr) node_->wrong_type(*node, key, wanted);
  for (const toml::node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) node_->wrong_type(element, key, wanted);
    result.push_back(TomlTable(node_->child(key, *table)));
  }
  return result;
}

bool TomlTable::has(const char* key) { return node_->find(key) != nullptr; }

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> result;
  for (auto& [key, place] : placed_keys(*node_->table)) result.push_back(key);
  return result;
}

std::string TomlTable::type_of(const char* key) const {
  const toml::node* node = node_->table->get(key);
  return node == nullptr ? std::string{} : type_name(*node);
}

std::string TomlTable::required_text(const char* key) {
  auto result = text(key);
  if (!result) node_->missing(key, "the key " + name(key));
  return std::move(*result);
}

std::int64_t TomlTable::required_integer(const char* key) {
  const auto result = integer(key);
  if (!result) node_->missing(key, "the key " + name(key));
  return *result;
}

TomlTable TomlTable::required_table(const char* key) {
  auto result = table(key);
  if (!result) node_->missing(key, "the table [" + name(key) + "]");
  return std::move(*result);
}

std::string TomlTable::name(const char* key) const { return node_->name(key); }

unsigned TomlTable::line(const char* key) const {
  const toml::node* node = key == nullptr ? nullptr : node_->table->get(key);
  return (node == nullptr ? node_->table->source() : node->source()).begin.line;
}

void TomlTable::fail(const char* key, const std::string& sentence) const {
  const toml::node* node = key == nullptr ? nullptr : node_->table->get(key);
  fail_at(*node_->document, node == nullptr ? node_->table->source() : node->source(), sentence);
}

void TomlTable::fail_element(const char* key, std::size_t index,
                             const std::string& sentence) const {
  const toml::array* array = node_->table->get_as<toml::array>(key);
  const toml::node* element = array == nullptr ? nullptr : array->get(index);
  if (element == nullptr) fail(key, sentence);
  fail_at(*node_->document, element->source(), sentence);
}

void TomlTable::fail_key(const std::string& key, const std::string& sentence) const {
  const auto place = node_->table->find(key);
  if (place == node_->table->end()) fail(nullptr, sentence);
  fail_at(*node_->document, place->first.source(), sentence);
}

void TomlTable::finish() const {
  const auto unknown = node_->unasked();
  if (unknown.empty()) return;
  const std::string& key = unknown.front();
  std::vector<std::string> known = node_->asked;
  std::sort(known.begin(), known.end());
  const std::string where =
      node_->path.empty() ? "at the top level" : "in [" + escaped(node_->path) + "]";
  const std::string hint = did_you_mean(key, known);
  fail_key(key, "unknown key " + quoted(key) + " " + where + hint + (hint.empty() ? ";" : "") +
                    " the keys here are " + listed(known));
}

}  // namespace bulkhead::manifest
