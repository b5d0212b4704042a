// safetensors and int8 quantization, written a second time and in the plainest way: what the plugin
// does is held against this.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

namespace oracle {

using nlohmann::ordered_json;

struct Tensor {
  std::string name, dtype;
  std::vector<std::uint64_t> shape;
  std::string bytes;
};

inline std::string with_size(const std::string& json) {
  std::string file;
  for (unsigned i = 0; i < 8; ++i) file += static_cast<char>(json.size() >> (8 * i) & 255);
  return file + json;
}

// A file of these tensors.
inline std::string file_of(const std::vector<Tensor>& tensors,
                           const ordered_json& metadata = ordered_json()) {
  ordered_json header = ordered_json::object();
  if (!metadata.is_null()) header["__metadata__"] = metadata;
  std::string data;
  for (const Tensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  return with_size(header.dump()) + data;
}

struct File {
  ordered_json metadata;
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::uint64_t> offsets;  // in the file
};

inline File read(const std::string& file) {
  std::uint64_t size = 0;
  std::memcpy(&size, file.data(), 8);
  const ordered_json header = ordered_json::parse(file.substr(8, size));
  File result;
  std::uint64_t covered = 0;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      result.metadata = entry;
      continue;
    }
    const std::uint64_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
    if (8 + size + end > file.size()) throw std::runtime_error(name + " ends behind the file");
    result.tensors[name] = {name, entry["dtype"], entry["shape"],
                            file.substr(8 + size + begin, end - begin)};
    result.offsets[name] = 8 + size + begin;
    covered += end - begin;
  }
  if (8 + size + covered != file.size()) throw std::runtime_error("the data have gaps");
  return result;
}

inline unsigned bytes_of(const std::string& dtype) {
  if (dtype == "BF16") return 2;
  if (dtype == "BOOL") return 1;
  return static_cast<unsigned>(std::stoi(dtype.substr(1))) / 8;
}

// Sign, exponent and fraction, as IEEE 754 says it.
inline double value_of(std::uint64_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = bits >> (exponent_bits + fraction_bits) & 1 ? -1.0 : 1.0;
  const auto exponent = static_cast<int>(bits >> fraction_bits & ((1u << exponent_bits) - 1));
  const auto fraction = static_cast<double>(bits & ((std::uint64_t{1} << fraction_bits) - 1));
  if (exponent == (1 << exponent_bits) - 1) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign *
         std::ldexp(fraction + std::ldexp(1.0, fraction_bits), exponent - bias - fraction_bits);
}

inline std::vector<double> numbers(const Tensor& tensor) {
  const unsigned size = bytes_of(tensor.dtype);
  std::vector<double> values;
  for (std::size_t at = 0; at < tensor.bytes.size(); at += size) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, tensor.bytes.data() + at, size);
    if (tensor.dtype == "F16") values.push_back(value_of(bits, 5, 10));
    if (tensor.dtype == "BF16") values.push_back(value_of(bits, 8, 7));
    if (tensor.dtype == "F32") values.push_back(value_of(bits, 8, 23));
    if (tensor.dtype == "F64") values.push_back(value_of(bits, 11, 52));
  }
  return values;
}

struct Quantized {
  std::vector<float> scales;
  std::vector<std::int8_t> levels;
  double max_error = 0, rms_error = 0;
};

inline Quantized quantize(const Tensor& tensor) {
  const std::vector<double> x = numbers(tensor);
  const std::size_t rows = tensor.shape[0], row = x.size() / rows;
  Quantized result;
  long double squares = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    double most = 0;
    for (std::size_t i = r * row; i < (r + 1) * row; ++i) most = std::fmax(most, std::fabs(x[i]));
    float scale = static_cast<float>(most / 127);
    if (scale == 0) scale = 1;
    result.scales.push_back(scale);
    for (std::size_t i = r * row; i < (r + 1) * row; ++i) {
      double level = std::nearbyint(x[i] / static_cast<double>(scale));
      if (level > 127) level = 127;
      if (level < -127) level = -127;
      result.levels.push_back(static_cast<std::int8_t>(level));
      const double error = std::fabs(level * static_cast<double>(scale) - x[i]);
      result.max_error = std::fmax(result.max_error, error);
      squares += static_cast<long double>(error) * static_cast<long double>(error);
    }
  }
  result.rms_error = static_cast<double>(std::sqrt(squares / static_cast<long double>(x.size())));
  return result;
}

template <class T>
std::string bytes_of_values(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// Finite numbers of a floating format, of all sizes that it has, some of them 0.
inline Tensor random_tensor(std::string name, std::string dtype, std::vector<std::uint64_t> shape,
                            unsigned seed, int widest = 30) {
  std::mt19937_64 random(seed);
  std::uint64_t count = 1;
  for (const std::uint64_t length : shape) count *= length;
  Tensor tensor{std::move(name), std::move(dtype), std::move(shape), ""};
  const unsigned size = bytes_of(tensor.dtype);
  tensor.bytes.reserve(count * size);
  std::uniform_int_distribution<int> width(-widest, widest);
  std::normal_distribution<double> normal;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t bits = random();
    if (tensor.dtype == "F16") {
      if ((bits & 0x7C00) == 0x7C00) bits ^= 0x4000;
    } else {
      const double value = random() % 16 == 0 ? 0 : std::ldexp(normal(random), width(random));
      const float narrow = static_cast<float>(value);
      if (tensor.dtype == "F64") {
        std::memcpy(&bits, &value, 8);
      } else {
        bits = 0;
        std::memcpy(&bits, &narrow, 4);
        if (tensor.dtype == "BF16") bits >>= 16;
      }
    }
    tensor.bytes.append(reinterpret_cast<const char*>(&bits), size);
  }
  return tensor;
}

}  // namespace oracle
