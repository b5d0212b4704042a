#include "ids.hpp"

#include <openssl/evp.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <nlohmann/json.hpp>

#include "failure.hpp"
#include "output.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "u32le is memory as it is");

constexpr std::size_t kPiece = std::size_t{256} << 10;

// Collects small writes for a Sink.
class Buffer {
 public:
  explicit Buffer(const Sink& sink) : sink_(sink) { bytes_.reserve(kPiece + 64); }
  void add(std::string_view bytes) {
    bytes_ += bytes;
    if (bytes_.size() >= kPiece) flush();
  }
  void add(std::uint32_t number) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    add(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  void flush() {
    if (!bytes_.empty()) sink_(bytes_);
    bytes_.clear();
  }

 private:
  const Sink& sink_;
  std::string bytes_;
};

void add_separated(Buffer& buffer, std::span<const std::uint32_t> ids, const char* separator) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) buffer.add(separator);
    buffer.add(ids[i]);
  }
}

Failure malformed(const std::string& name, const std::string& sentence) {
  return {Exit::bad_input, "data_invalid", name + sentence};
}

std::vector<std::uint32_t> parse_text(std::string_view bytes, const std::string& name) {
  std::vector<std::uint32_t> ids;
  const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  std::size_t at = 0;
  for (;;) {
    while (at < bytes.size() && space(bytes[at])) ++at;
    if (at == bytes.size()) return ids;
    std::size_t end = at;
    while (end < bytes.size() && !space(bytes[end])) ++end;
    std::uint32_t id = 0;
    const auto [stop, error] = std::from_chars(bytes.data() + at, bytes.data() + end, id);
    if (error != std::errc() || stop != bytes.data() + end)
      throw malformed(name, ", byte " + std::to_string(at) + ": \"" +
                                printable(bytes.substr(at, std::min<std::size_t>(end - at, 40))) +
                                "\" is no token id (a number from 0 to 4294967295). " +
                                (bytes[at] == '[' || bytes[at] == '{'
                                     ? "This looks like JSON: read it with --format json."
                                     : "Is this another --format?"));
    ids.push_back(id);
    at = end;
  }
}

// Reads [1, 2] or {"ids": [1, 2], ...} without building a document: ids may be many.
class IdReader : public nlohmann::json_sax<json> {
 public:
  std::vector<std::uint32_t> ids;
  std::string problem;
  std::optional<std::size_t> where;

  bool found() const { return found_; }
  bool null() override { return value("null"); }
  bool boolean(bool) override { return value("a boolean"); }
  bool number_integer(number_integer_t) override { return value("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return value("a fraction"); }
  bool string(string_t&) override { return value("a text"); }
  bool binary(binary_t&) override { return value("binary data"); }
  bool number_unsigned(number_unsigned_t number) override {
    if (!inside()) return value("a number");
    if (number > std::numeric_limits<std::uint32_t>::max())
      return refuse("the number " + std::to_string(number) + " is no token id");
    ids.push_back(static_cast<std::uint32_t>(number));
    return true;
  }
  bool start_object(std::size_t) override {
    if (inside()) return refuse("an object stands where a token id should");
    return deeper();
  }
  bool key(string_t& name) override {
    if (depth_ == 1) in_ids_ = name == "ids";
    return true;
  }
  bool end_object() override { return --depth_, true; }
  bool start_array(std::size_t) override {
    if (inside()) return refuse("an array stands where a token id should");
    if (depth_ == 0 || (depth_ == 1 && in_ids_)) {
      list_depth_ = depth_ + 1;
      found_ = true;
    }
    return deeper();
  }
  bool end_array() override {
    if (depth_ == list_depth_) list_depth_ = 0;
    return --depth_, true;
  }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    where = position - 1;  // it counts the byte that it could not use
    return refuse("this is not JSON");
  }

 private:
  bool inside() const { return list_depth_ != 0 && depth_ == list_depth_; }
  bool deeper() { return ++depth_ <= 64 || refuse("the nesting is deeper than 64"); }
  bool refuse(const std::string& sentence) {
    problem = sentence;
    return false;
  }
  bool value(const char* what) {
    return !inside() || refuse(std::string(what) + " stands where a token id should");
  }

  unsigned depth_ = 0;
  unsigned list_depth_ = 0;  // depth inside the list of ids; 0: outside
  bool in_ids_ = false;
  bool found_ = false;
};

std::vector<std::uint32_t> parse_json(std::string_view bytes, const std::string& name) {
  IdReader reader;
  const bool whole = json::sax_parse(bytes.begin(), bytes.end(), &reader);
  if (!whole) {
    const std::string place = reader.where ? ", byte " + std::to_string(*reader.where) : "";
    throw malformed(name,
                    place + ": " + reader.problem +
                        ". A JSON array of token ids is expected, or an object with \"ids\".");
  }
  if (!reader.found())
    throw malformed(name,
                    " has no token ids. A JSON array of them is expected, or an object "
                    "with \"ids\".");
  return std::move(reader.ids);
}

std::string escaped_line(std::string_view piece) {
  std::string line;
  std::size_t start = 0;
  const auto flush = [&](std::size_t end) {
    line += printable(piece.substr(start, end - start));
    start = end + 1;
  };
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (piece[i] != '\n' && piece[i] != '\\' && piece[i] != '\t' && piece[i] != '\r') continue;
    flush(i);
    line += piece[i] == '\n' ? "\\n" : piece[i] == '\t' ? "\\t" : piece[i] == '\r' ? "\\r" : "\\\\";
  }
  flush(piece.size());
  return line;
}

}  // namespace

Format parse_format(const std::string& text) {
  if (text == "u32le") return Format::u32le;
  if (text == "json") return Format::json;
  if (text == "text") return Format::text;
  throw usage_failure("\"" + text + "\" is no format. Use \"u32le\", \"json\" or \"text\".");
}

const char* format_name(Format format) {
  return format == Format::u32le ? "u32le" : format == Format::json ? "json" : "text";
}

void write_ids(const Sink& sink, std::span<const std::uint32_t> ids, Format format) {
  if (format == Format::u32le)
    return sink({reinterpret_cast<const char*>(ids.data()), ids.size_bytes()});
  if (format == Format::json) {
    ids_as_json(sink, ids);
    return sink("\n");
  }
  Buffer buffer(sink);
  add_separated(buffer, ids, " ");
  buffer.add("\n");
  buffer.flush();
}

void ids_as_json(const Sink& sink, std::span<const std::uint32_t> ids) {
  Buffer buffer(sink);
  buffer.add("[");
  add_separated(buffer, ids, ",");
  buffer.add("]");
  buffer.flush();
}

std::vector<std::uint32_t> parse_ids(std::string_view bytes, Format format,
                                     const std::string& name) {
  if (format == Format::text) return parse_text(bytes, name);
  if (format == Format::json) return parse_json(bytes, name);
  if (bytes.size() % 4 != 0)
    throw malformed(name, " has " + std::to_string(bytes.size()) +
                              " bytes, no multiple of 4, so it is not u32le. Is this another "
                              "--format, or a file that was cut off?");
  std::vector<std::uint32_t> ids(bytes.size() / 4);
  if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
  return ids;
}

void write_pieces(const Sink& sink, const std::vector<std::string>& pieces, Format format) {
  if (format == Format::u32le)
    throw usage_failure("u32le is a format for ids; pieces are \"text\" or \"json\".");
  if (format == Format::json) {
    pieces_as_json(sink, pieces);
    return sink("\n");
  }
  Buffer buffer(sink);
  for (const std::string& piece : pieces) buffer.add(escaped_line(piece) + "\n");
  buffer.flush();
}

void pieces_as_json(const Sink& sink, const std::vector<std::string>& pieces) {
  Buffer buffer(sink);
  buffer.add("[");
  for (std::size_t i = 0; i < pieces.size(); ++i)
    buffer.add((i > 0 ? "," : "") + bytes_as_json(pieces[i]));
  buffer.add("]");
  buffer.flush();
}

std::string bytes_as_json(std::string_view bytes) {
  try {
    return json(bytes).dump();
  } catch (const json::type_error&) {  // no UTF-8
  }
  std::string base64(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  std::size_t written = 0;
  // EVP_EncodeBlock takes an int: whole groups of three bytes at a time.
  for (std::size_t at = 0; at < bytes.size(); at += 3 << 20) {
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, 3 << 20);
    written += static_cast<std::size_t>(EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(base64.data() + written),
        reinterpret_cast<const unsigned char*>(bytes.data() + at), static_cast<int>(size)));
  }
  base64.resize(written);
  return "{\"base64\":\"" + base64 + "\"}";
}

}  // namespace bulkhead::cli
