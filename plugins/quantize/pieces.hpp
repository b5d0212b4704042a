// Reading a model and writing the output a piece at a time.
#pragma once

#include <bulkhead/sdk/files.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plan.hpp"

namespace quantize {

// The model's bytes. Each piece polls the call and reports how far the reading is.
class ModelPieces {
 public:
  // `total` bytes will be read; 0: no progress is reported.
  ModelPieces(const bulkhead::sdk::Call& call, const bulkhead::sdk::InputFile& file,
              std::uint64_t total)
      : call_(call), file_(file), total_(total) {}

  // Valid until the next call. Throws BH_IO_ERROR where the file ends before it should.
  std::span<const std::byte> read(std::uint64_t offset, std::size_t size);
  // `count` numbers of a tensor from `first` on; at most kPieceNumbers.
  std::span<const double> numbers(const Header& model, const Tensor& tensor, std::uint64_t first,
                                  std::size_t count);

 private:
  const bulkhead::sdk::Call& call_;
  const bulkhead::sdk::InputFile& file_;
  const std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::vector<std::byte> bytes_;
  std::vector<double> numbers_;
};

// Gathers small writes.
class OutputPieces {
 public:
  OutputPieces(const bulkhead::sdk::Call& call, bulkhead::sdk::OutputFile& file)
      : call_(call), file_(file) {
    bytes_.reserve(kCapacity);
  }
  void write(std::span<const std::byte> bytes);
  void flush();

 private:
  static constexpr std::size_t kCapacity = BH_FILES_MAX_TRANSFER;
  const bulkhead::sdk::Call& call_;
  bulkhead::sdk::OutputFile& file_;
  std::vector<std::byte> bytes_;
};

}  // namespace quantize
