// The seeds of tests/fuzz/manifest_fuzz.cpp without libFuzzer: as they are, cut, and changed.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <catch2/catch.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator(BULKHEAD_CORPUS_FOLDER)) {
    std::ifstream file(entry.path(), std::ios::binary);
    result.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return result;
}

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

TEST_CASE("no seed, no beginning of one and no changed one breaks a reader") {
  const auto texts = seeds();
  REQUIRE(texts.size() >= 10);
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same changes in every run
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (const std::string& text : texts) {
    run(text);
    const std::size_t step = text.size() / 64 + 1;
    for (std::size_t size = 0; size < text.size(); size += step) run(text.substr(0, size));
    if (text.empty()) continue;
    for (int change = 0; change < 100; ++change) {
      std::string changed = text;
      changed[below(changed.size())] = static_cast<char>(below(256));
      changed.insert(below(changed.size()), 1, "[]{}.='\"\n#\\,"[below(12)]);
      run(changed);
    }
  }
}
