#include "vocabulary.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>

#include <bulkhead/sdk/error.hpp>

namespace en_gpt2 {
namespace {

constexpr std::uint8_t kNotBase64 = 0xFF;
constexpr std::array<std::uint8_t, 256> kBase64 = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotBase64);
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// Appends the bytes that `text` stands for; false where it is no base64 of at least a byte.
bool decode_base64(std::string_view text, std::vector<char>& out) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() < 2 || text.size() % 4 == 1) return false;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const std::uint8_t six = kBase64[static_cast<std::uint8_t>(letter)];
    if (six == kNotBase64) return false;
    bits = bits << 6 | six;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count));
    }
  }
  return true;
}

[[noreturn]] void refuse(std::string_view name, const std::string& problem) {
  throw bulkhead::sdk::PluginError(BH_DATA_INVALID, "The vocabulary data/" + std::string(name) +
                                                        " of en_gpt2 is damaged: " + problem +
                                                        " Reinstall the plugin.");
}

template <class T>
std::uint64_t load(const char* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

// Multiplies 64 bits at a time; the reads at both ends overlap, so that none leaves the bytes.
std::uint64_t Vocabulary::hash_of(std::string_view bytes) noexcept {
  constexpr std::uint64_t kA = 0x9E3779B97F4A7C15, kB = 0xD1B54A32D192ED03;
  const char* data = bytes.data();
  const std::size_t size = bytes.size();
  std::uint64_t seed = size * kB;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      seed = mix(seed ^ load<std::uint64_t>(data + i), kA);
    }
    return mix(seed ^ load<std::uint64_t>(data + size - 8), kB);
  }
  if (size >= 4) {
    const std::uint64_t both =
        load<std::uint32_t>(data) << 32 | load<std::uint32_t>(data + size - 4);
    return mix(seed ^ both, kA);
  }
  if (size == 0) return 0;
  const auto byte = [&](std::size_t i) {
    return std::uint64_t{static_cast<std::uint8_t>(data[i])};
  };
  return mix(seed ^ (byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1)), kA);
}

Vocabulary::Vocabulary(std::string_view file, std::string_view name) {
  parse(file, name);
  index(name);
}

void Vocabulary::parse(std::string_view file, std::string_view name) {
  if (file.size() > 0x40000000) refuse(name, "it is larger than 1 GiB.");
  bytes_.reserve(file.size());
  starts_.push_back(0);
  for (std::size_t line = 1; !file.empty(); ++line) {
    const std::size_t end = std::min(file.find('\n'), file.size());
    const std::string_view text = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    const auto wrong = [&](const char* why) {
      refuse(name, "line " + std::to_string(line) + " " + why);
    };

    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) wrong("is no token and rank.");
    if (!decode_base64(text.substr(0, space), bytes_)) wrong("has a token that is no base64.");
    std::size_t rank = 0;
    const char* last = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + space + 1, last, rank);
    if (error != std::errc() || stop != last) wrong("has a rank that is no number.");
    if (rank != line - 1) wrong("has a rank that does not follow the one before it.");
    starts_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    max_token_bytes_ = std::max<std::size_t>(max_token_bytes_, starts_[line] - starts_[line - 1]);
  }
  bytes_.shrink_to_fit();
}

void Vocabulary::index(std::string_view name) {
  slots_.resize(std::bit_ceil(size() * 2 + 1));
  mask_ = slots_.size() - 1;
  pair_tokens_.assign(65536, kNoToken);
  byte_tokens_.fill(kNoToken);
  for (std::uint32_t id = 0; id < size(); ++id) {
    const std::string_view token = bytes(id);
    if (find(token) != kNoToken) {
      refuse(name, "line " + std::to_string(id + 1) + " has a token for the second time.");
    }
    const std::uint64_t hash = hash_of(token);
    std::size_t i = hash & mask_;
    while (slots_[i].id != kNoToken) i = (i + 1) & mask_;
    slots_[i] = {id, static_cast<std::uint32_t>(hash >> 32)};
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(token[at]); };
    if (token.size() == 1) byte_tokens_[byte(0)] = id;
    if (token.size() == 2) pair_tokens_[std::size_t{byte(0)} << 8 | byte(1)] = id;
  }
  if (std::count(byte_tokens_.begin(), byte_tokens_.end(), kNoToken) != 0) {
    refuse(name, "some single bytes have no token.");
  }
}

}  // namespace en_gpt2
