#include "pieces.hpp"

#include <algorithm>
#include <string>

namespace quantize {

using bulkhead::sdk::PluginError;

std::span<const std::byte> ModelPieces::read(std::uint64_t offset, std::size_t size) {
  call_.check();
  if (bytes_.size() < size) bytes_.resize(size);
  const std::span<std::byte> piece(bytes_.data(), size);
  if (file_.read(call_, offset, piece) != size) {
    throw PluginError(BH_IO_ERROR, "The model ended before its byte " +
                                       std::to_string(offset + size) +
                                       ": it became shorter while it was read.");
  }
  done_ += size;
  if (total_ != 0) call_.progress(std::min(done_, total_), total_);
  return piece;
}

std::span<const double> ModelPieces::numbers(const Header& model, const Tensor& tensor,
                                             std::uint64_t first, std::size_t count) {
  const std::uint32_t bytes = tensor.format->bytes;
  const std::span<const std::byte> piece =
      read(model.data_begin + tensor.begin + first * bytes, count * bytes);
  if (numbers_.size() < count) numbers_.resize(count);
  const std::span<double> numbers(numbers_.data(), count);
  tensor.format->decode(piece.data(), numbers);
  return numbers;
}

void OutputPieces::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (bytes_.size() == kCapacity) flush();
    const std::size_t part = std::min(bytes.size(), kCapacity - bytes_.size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
  }
}

void OutputPieces::flush() {
  file_.write(call_, bytes_);
  bytes_.clear();
}

}  // namespace quantize
