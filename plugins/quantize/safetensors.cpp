#include "safetensors.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <nlohmann/json.hpp>

namespace quantize {
namespace {

using nlohmann::json;

constexpr std::string_view kMetadata = "__metadata__";

[[noreturn]] void refuse(const std::string& what) { throw Malformed(what); }
std::string in_tensor(const Tensor& tensor) { return "tensor " + shown(tensor.name) + ": "; }

// Receives the header's JSON as events, so that a hostile one is never held as a tree.
class Reader {
 public:
  Reader(Header& header, const std::function<void()>& poll) : header_(header), poll_(poll) {}

  bool null() { unexpected("null"); }
  bool boolean(bool) { unexpected("a boolean"); }
  bool number_integer(json::number_integer_t) { unexpected("a negative number"); }
  bool number_float(json::number_float_t, const json::string_t&) {
    unexpected("a number that is no integer of 64 bits");
  }
  bool binary(json::binary_t&) { unexpected("binary data"); }
  bool number_unsigned(json::number_unsigned_t value) {
    if (at_ != At::shape && at_ != At::offsets) unexpected("a number");
    Tensor& tensor = header_.tensors.back();
    if (at_ == At::shape) {
      if (tensor.shape.size() == kMostDimensions) {
        refuse(in_tensor(tensor) + "it has more than " + std::to_string(kMostDimensions) +
               " dimensions");
      }
      tensor.shape.push_back(value);
    } else {
      if (offsets_ == 2) refuse(in_tensor(tensor) + "data_offsets has more than two numbers");
      (offsets_++ == 0 ? tensor.begin : tensor.end) = value;
    }
    return true;
  }
  bool string(json::string_t& value) {
    if (at_ == At::metadata) {
      header_.metadata.back().second = value;
    } else if (at_ == At::tensor && key_ == Key::dtype) {
      Tensor& tensor = header_.tensors.back();
      tensor.format = number_format(value);
      if (tensor.format == nullptr) {
        refuse(in_tensor(tensor) + "its dtype is " + shown(value) + "; known are " +
               std::string(number_format_names()));
      }
    } else {
      unexpected("a string");
    }
    return true;
  }

  bool start_object(std::size_t) {
    switch (at_) {
      case At::outside:
        at_ = At::top;
        return true;
      case At::top:
        at_ = in_metadata_ ? At::metadata : At::tensor;
        return true;
      default:
        unexpected("an object");
    }
  }
  bool key(json::string_t& name) {
    if (++keys_ % kKeysPerPoll == 0) poll_();
    switch (at_) {
      case At::top:
        begin_entry(name);
        return true;
      case At::metadata:
        if (header_.metadata.size() == kMostMetadata) {
          refuse("__metadata__ has more than " + std::to_string(kMostMetadata) + " keys");
        }
        header_.metadata.emplace_back(name, std::string());
        return true;
      default:
        begin_key(name);
        return true;
    }
  }
  bool end_object() {
    if (at_ == At::tensor) finish_tensor();
    at_ = at_ == At::top ? At::outside : At::top;
    return true;
  }
  bool start_array(std::size_t) {
    if (at_ != At::tensor || key_ == Key::dtype) unexpected("an array");
    at_ = key_ == Key::shape ? At::shape : At::offsets;
    return true;
  }
  bool end_array() {
    if (at_ == At::offsets && offsets_ != 2) {
      refuse(in_tensor(header_.tensors.back()) + "data_offsets needs two numbers");
    }
    at_ = At::tensor;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) {
    refuse("the header is no JSON, from its byte " + std::to_string(position) + " on");
  }

 private:
  enum class At { outside, top, metadata, tensor, shape, offsets };
  enum class Key { dtype, shape, offsets };

  [[noreturn]] void unexpected(const char* what) const {
    const bool metadata = at_ == At::metadata || (at_ == At::top && in_metadata_);
    refuse((metadata ? "__metadata__: " : in_tensor(header_.tensors.back())) + what +
           " stands where the format has none");
  }

  void begin_entry(const std::string& name) {
    in_metadata_ = name == kMetadata;
    if (in_metadata_) {
      if (had_metadata_) refuse("__metadata__ is there twice");
      had_metadata_ = true;
      return;
    }
    if (header_.tensors.size() == kMostTensors) {
      refuse("it has more than " + std::to_string(kMostTensors) + " tensors");
    }
    header_.tensors.emplace_back().name = name;
    had_.fill(false);
    offsets_ = 0;
  }
  void begin_key(const std::string& name) {
    static constexpr std::string_view kKeys[] = {"dtype", "shape", "data_offsets"};
    const auto found = std::find(std::begin(kKeys), std::end(kKeys), name);
    const Tensor& tensor = header_.tensors.back();
    if (found == std::end(kKeys)) {
      refuse(in_tensor(tensor) + "the format has no key " + shown(name));
    }
    const auto index = static_cast<std::size_t>(found - std::begin(kKeys));
    if (had_[index]) refuse(in_tensor(tensor) + name + " is there twice");
    had_[index] = true;
    key_ = static_cast<Key>(index);
  }
  void finish_tensor() const {
    const Tensor& tensor = header_.tensors.back();
    // A key with a value of another type was refused on its way.
    if (!had_[0] || !had_[1] || !had_[2]) {
      refuse(in_tensor(tensor) + "one of dtype, shape and data_offsets is missing");
    }
  }

  static constexpr std::uint64_t kKeysPerPoll = 4096;
  Header& header_;
  const std::function<void()>& poll_;
  std::uint64_t keys_ = 0;
  At at_ = At::outside;
  Key key_ = Key::dtype;
  bool in_metadata_ = false, had_metadata_ = false;
  std::array<bool, 3> had_{};
  unsigned offsets_ = 0;
};

void check_size(Tensor& tensor) {
  std::uint64_t numbers = 1, bytes = 0;
  bool over = false;
  // A zero makes the product zero, whatever overflows beside it.
  const bool empty = std::find(tensor.shape.begin(), tensor.shape.end(), 0u) != tensor.shape.end();
  for (const std::uint64_t length : tensor.shape) {
    over |= __builtin_mul_overflow(numbers, length, &numbers);
  }
  if (empty) {
    numbers = 0;
    over = false;
  }
  over |= __builtin_mul_overflow(numbers, std::uint64_t{tensor.format->bytes}, &bytes);
  if (tensor.begin > tensor.end) refuse(in_tensor(tensor) + "its data_offsets descend");
  if (over || bytes != tensor.bytes()) {
    refuse(in_tensor(tensor) + "its shape needs " +
           (over ? "more bytes than a file can have" : std::to_string(bytes) + " bytes") +
           ", its data_offsets give it " + std::to_string(tensor.bytes()));
  }
  tensor.numbers = numbers;
}

// The first name that is there twice.
template <class Items, class Name>
std::optional<std::string> repeated(const Items& items, Name name) {
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const auto& item : items) names.push_back(std::invoke(name, item));
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return std::nullopt;
  return std::string(*twice);
}

void check_cover(const std::vector<Tensor>& tensors, std::uint64_t data_size) {
  std::uint64_t at = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.begin != at) {
      refuse(in_tensor(tensor) + "its data begin at " + std::to_string(tensor.begin) +
             ", those before it end at " + std::to_string(at));
    }
    at = tensor.end;
  }
  if (at != data_size) {
    refuse("the data of all tensors end at " + std::to_string(at) + ", those of the file at " +
           std::to_string(data_size));
  }
}

std::string json_text(std::string_view text) { return json(text).dump(); }

}  // namespace

std::uint64_t header_size(std::string_view first, std::uint64_t file_size) {
  if (first.size() < kHeaderBegin) {
    refuse("the file has " + std::to_string(file_size) + " bytes; its header alone has 8 or more");
  }
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < kHeaderBegin; ++i) {
    size |= std::uint64_t{static_cast<std::uint8_t>(first[i])} << (8 * i);
  }
  if (size > kLongestHeader) {
    refuse("its header would have " + std::to_string(size) + " bytes; at most " +
           std::to_string(kLongestHeader) + " are allowed. Is it a safetensors file?");
  }
  if (size > file_size - kHeaderBegin) {
    refuse("its header would have " + std::to_string(size) + " bytes, but the file ends after " +
           std::to_string(file_size - kHeaderBegin) + " of them");
  }
  return size;
}

Header parse_header(std::string_view text, std::uint64_t data_size,
                    const std::function<void()>& poll) {
  if (!text.starts_with('{')) refuse("its header does not begin with '{'");
  // The JSON reader takes a zero byte for the end, and so would not see what is behind it.
  if (text.find('\0') != std::string_view::npos) refuse("its header has a zero byte in it");
  Header header;
  Reader reader(header, poll);
  json::sax_parse(text.begin(), text.end(), &reader);
  header.data_begin = kHeaderBegin + text.size();

  const auto twice = repeated(header.tensors, &Tensor::name);
  if (twice) refuse("tensor " + shown(*twice) + " is there twice");
  const auto key = repeated(header.metadata, &Metadata::value_type::first);
  if (key) refuse("__metadata__: " + shown(*key) + " is there twice");
  for (Tensor& tensor : header.tensors) check_size(tensor);
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const Tensor& a, const Tensor& b) {
                     return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
                   });
  check_cover(header.tensors, data_size);
  return header;
}

std::string write_header(const Metadata& metadata, const std::vector<Tensor>& tensors) {
  std::string text(kHeaderBegin, '\0');
  text += '{' + json_text(kMetadata) + ":{";
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    text +=
        (i == 0 ? "" : ",") + json_text(metadata[i].first) + ':' + json_text(metadata[i].second);
  }
  text += '}';
  for (const Tensor& tensor : tensors) {
    text += ',' + json_text(tensor.name) + ":{\"dtype\":\"" + std::string(tensor.format->name) +
            "\",\"shape\":[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      text += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
    }
    text += "],\"data_offsets\":[" + std::to_string(tensor.begin) + ',' +
            std::to_string(tensor.end) + "]}";
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t size = text.size() - kHeaderBegin;
  for (std::size_t i = 0; i < kHeaderBegin; ++i) text[i] = static_cast<char>(size >> (8 * i));
  return text;
}

std::string shown(std::string_view name) {
  constexpr std::size_t kLongest = 100;
  std::string text = "\"";
  for (const char c : name.substr(0, kLongest)) {
    const auto byte = static_cast<std::uint8_t>(c);
    text += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  // Not in the middle of a character.
  if (name.size() > kLongest) {
    while ((static_cast<std::uint8_t>(name[text.size() - 1]) & 0xC0) == 0x80) text.pop_back();
    text += "...";
  }
  return text + "\"";
}

}  // namespace quantize
