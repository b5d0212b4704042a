// Token ids as bytes, in the three formats of the command line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files.hpp"

namespace bulkhead::cli {

enum class Format {
  u32le,  // raw 32-bit little-endian
  json,   // [1, 2, 3] in one line; read also from an object's "ids"
  text,   // decimal, separated by spaces, a newline at the end
};

// "u32le", "json" or "text"; anything else is a Failure with Exit::usage.
Format parse_format(const std::string& text);
const char* format_name(Format format);

void write_ids(const Sink& sink, std::span<const std::uint32_t> ids, Format format);
// The array alone, without a newline.
void ids_as_json(const Sink& sink, std::span<const std::uint32_t> ids);
// `name` says where the bytes come from. A malformed input is a Failure with Exit::bad_input that
// names the byte.
std::vector<std::uint32_t> parse_ids(std::string_view bytes, Format format,
                                     const std::string& name);

// The pieces of a text: a line each, with \n, \\ and \xNN escapes (text), or a JSON array of
// texts, {"base64": ...} where a piece is no UTF-8.
void write_pieces(const Sink& sink, const std::vector<std::string>& pieces, Format format);
void pieces_as_json(const Sink& sink, const std::vector<std::string>& pieces);

// Bytes as a JSON value: a text where they are UTF-8, else {"base64": "..."}.
std::string bytes_as_json(std::string_view bytes);

}  // namespace bulkhead::cli
