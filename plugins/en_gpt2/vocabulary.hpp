// The mergeable tokens of one encoding: bytes to rank and back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace en_gpt2 {

constexpr std::uint32_t kNoToken = 0xFFFFFFFF;

// Immutable: any thread may use it. A token's id is its rank: the lower, the earlier it is merged.
class Vocabulary {
 public:
  // `file` has the form of OpenAI's .tiktoken files: a line for each token, its bytes in base64, a
  // space, its rank; ranks ascend from 0 without gaps, and every single byte has one. Throws
  // PluginError BH_DATA_INVALID with the line that is wrong; `name` is the file's, for that text.
  Vocabulary(std::string_view file, std::string_view name);

  // The id of the token with exactly these bytes, or kNoToken.
  std::uint32_t find(std::string_view bytes) const noexcept {
    if (bytes.size() > max_token_bytes_) return kNoToken;
    const std::uint64_t hash = hash_of(bytes);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = hash & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.id == kNoToken || (slot.tag == tag && this->bytes(slot.id) == bytes)) return slot.id;
    }
  }
  std::uint32_t byte_token(std::uint8_t byte) const noexcept { return byte_tokens_[byte]; }
  // The token of two bytes, or kNoToken.
  std::uint32_t pair_token(std::uint8_t first, std::uint8_t second) const noexcept {
    return pair_tokens_[std::size_t{first} << 8 | second];
  }

  std::size_t size() const noexcept { return starts_.size() - 1; }
  // id < size()
  std::string_view bytes(std::uint32_t id) const noexcept {
    return {bytes_.data() + starts_[id], starts_[id + 1] - starts_[id]};
  }
  std::size_t max_token_bytes() const noexcept { return max_token_bytes_; }

 private:
  struct Slot {
    std::uint32_t id = kNoToken;
    std::uint32_t tag = 0;  // the upper half of the hash
  };
  static std::uint64_t hash_of(std::string_view bytes) noexcept;
  void parse(std::string_view file, std::string_view name);
  void index(std::string_view name);

  std::vector<char> bytes_;            // of all tokens, one after the other
  std::vector<std::uint32_t> starts_;  // [size() + 1] into bytes_
  std::vector<Slot> slots_;            // open addressing, a power of two, at most half full
  std::vector<std::uint32_t> pair_tokens_;
  std::array<std::uint32_t, 256> byte_tokens_;
  std::size_t mask_ = 0;
  std::size_t max_token_bytes_ = 0;
};

}  // namespace en_gpt2
