// FNV-1a with 64 bits: of tokens, of the data, of checkpoints. A change of any one byte changes it;
// it is no defence against somebody who makes collisions on purpose.
#pragma once

#include <cstdint>
#include <string_view>

namespace linear {

class Hash {
 public:
  void add(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3; }
  void add(std::string_view bytes) {
    for (const char byte : bytes) add(static_cast<unsigned char>(byte));
  }
  void add_number(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) add(static_cast<unsigned char>(number >> shift));
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace linear
