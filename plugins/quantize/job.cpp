#include "job.hpp"

#include <algorithm>
#include <bit>

namespace quantize {
namespace {

using bulkhead::sdk::CompressedTensor;
using bulkhead::sdk::PluginError;

// Tells the scales of the second pass from those of the first (FNV-1a, on words).
class Fingerprint {
 public:
  void add(float scale) { value_ = (value_ ^ std::bit_cast<std::uint32_t>(scale)) * 0x100000001b3; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

float checked_scale(const Tensor& tensor, std::uint64_t row, double most) {
  if (has_scale(most)) return scale_of(most);
  throw PluginError(BH_DATA_INVALID, "The model can't be quantized: tensor " + shown(tensor.name) +
                                         ", row " + std::to_string(row) +
                                         ": a number there is infinite, not a number, or too "
                                         "large for a float32 scale.");
}

}  // namespace

std::vector<CompressedTensor> Job::run() {
  out_.write(std::as_bytes(std::span(plan_.header)));
  for (const Part& part : plan_.parts) {
    switch (part.kind) {
      case Part::Kind::copy:
        copy(model_.tensors[part.tensor]);
        break;
      case Part::Kind::scales:
        write_scales(part.tensor);
        break;
      case Part::Kind::values:
        write_values(part.tensor);
        break;
    }
  }
  out_.flush();

  std::vector<CompressedTensor> report;
  report.reserve(model_.tensors.size());
  for (std::size_t i = 0; i < model_.tensors.size(); ++i) {
    const Tensor& tensor = model_.tensors[i];
    const bool quantized = is_quantized(tensor);
    const std::string format(tensor.format->name);
    report.push_back({tensor.name, format, quantized ? "I8" : format, tensor.numbers,
                      tensor.bytes(), quantized ? quantized_bytes(tensor) : tensor.bytes(),
                      errors_[i].max(), errors_[i].rms(tensor.numbers)});
  }
  return report;
}

void Job::copy(const Tensor& tensor) {
  for (std::uint64_t at = 0; at < tensor.bytes();) {
    const std::size_t size = std::min<std::uint64_t>(tensor.bytes() - at, BH_FILES_MAX_TRANSFER);
    out_.write(in_.read(model_.data_begin + tensor.begin + at, size));
    at += size;
  }
}

template <class OnRow>
void Job::for_each_row(const Tensor& tensor, const OnRow& on_row) {
  const std::uint64_t rows = tensor.shape[0], row = row_numbers(tensor);
  if (row <= kPieceNumbers) {
    const std::uint64_t together = kPieceNumbers / row;
    for (std::uint64_t first = 0; first < rows; first += together) {
      const std::size_t count = std::min(together, rows - first);
      const auto values = in_.numbers(model_, tensor, first * row, count * row);
      for (std::size_t i = 0; i < count; ++i) {
        const auto one = values.subspan(i * row, row);
        const double most = largest(one);
        on_row(checked_scale(tensor, first + i, most), most, [&](auto&& use) { use(one); });
      }
    }
    return;
  }
  for (std::uint64_t at = 0; at < rows; ++at) {
    const auto pieces = [&](auto&& use) {
      for (std::uint64_t done = 0; done < row;) {
        const std::size_t count = std::min(kPieceNumbers, row - done);
        use(in_.numbers(model_, tensor, at * row + done, count));
        done += count;
      }
    };
    double most = 0;
    pieces([&](std::span<const double> part) { most = std::max(most, largest(part)); });
    on_row(checked_scale(tensor, at, most), most, pieces);
  }
}

void Job::write_scales(std::size_t index) {
  Fingerprint mark;
  for_each_row(model_.tensors[index], [&](float scale, double, const auto&) {
    mark.add(scale);
    out_.write(std::as_bytes(std::span(&scale, 1)));
  });
  marks_[index] = mark.value();
}

void Job::write_values(std::size_t index) {
  Fingerprint mark;
  ErrorSum& errors = errors_[index];
  for_each_row(model_.tensors[index], [&](float scale, double most, const auto& pieces) {
    mark.add(scale);
    errors.begin_row(most);
    pieces([&](std::span<const double> values) {
      levels_.resize(values.size());
      quantize_values(values, scale, levels_.data(), errors);
      out_.write(std::as_bytes(std::span(levels_)));
    });
    errors.end_row();
  });
  if (mark.value() != marks_[index]) {
    throw PluginError(BH_IO_ERROR, "The model was changed while it was read: tensor " +
                                       shown(model_.tensors[index].name) +
                                       " has other numbers than before.");
  }
}

}  // namespace quantize
