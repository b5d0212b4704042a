// Makes a small model of real numbers: of a text, how often each byte follows each other one, as a
// safetensors file. Nothing of Bulkhead is used here.
//
//   bigram_model TEXT MODEL.safetensors
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace {

constexpr std::size_t kBytes = 256;

// Row b: the share of each byte among those that follow b; zeros where b never stands.
std::vector<float> followers(const std::string& text) {
  std::vector<std::uint32_t> counts(kBytes * kBytes), totals(kBytes);
  for (std::size_t i = 1; i < text.size(); ++i) {
    const auto before = static_cast<unsigned char>(text[i - 1]);
    ++counts[before * kBytes + static_cast<unsigned char>(text[i])];
    ++totals[before];
  }
  std::vector<float> shares(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (totals[i / kBytes] != 0)
      shares[i] = static_cast<float>(counts[i]) / static_cast<float>(totals[i / kBytes]);
  }
  return shares;
}

std::string safetensors(const std::vector<float>& shares) {
  const std::size_t size = shares.size() * sizeof(float);
  std::string header = R"({"__metadata__":{"format":"pt"},"followers":{"dtype":"F32","shape":)"
                       "[256,256],\"data_offsets\":[0," +
                       std::to_string(size) + "]}}";
  while (header.size() % 8 != 0) header += ' ';
  const std::uint64_t length = header.size();
  std::string file(sizeof length + length + size, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  std::memcpy(file.data() + sizeof length, header.data(), length);
  std::memcpy(file.data() + sizeof length + length, shares.data(), size);
  return file;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: bigram_model TEXT MODEL.safetensors\n";
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in || text.empty()) {
    std::cerr << "bigram_model: " << argv[1] << " can't be read, or is empty\n";
    return 1;
  }
  std::ofstream out(argv[2], std::ios::binary);
  out << safetensors(followers(text));
  if (!out.flush()) {
    std::cerr << "bigram_model: " << argv[2] << " can't be written\n";
    return 1;
  }
}
