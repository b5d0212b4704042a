// Memory for a secret: outside of swap and core dumps where the system allows it, and wiped at the
// end.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace bulkhead::host {

class SecretBytes {
 public:
  // Zeroes. Throws std::bad_alloc.
  explicit SecretBytes(std::size_t size = 0);
  explicit SecretBytes(std::string_view text);

  std::span<unsigned char> span() { return {bytes_.get(), size_}; }
  std::span<const unsigned char> span() const { return {bytes_.get(), size_}; }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.get()), size_}; }
  std::size_t size() const { return size_; }
  // The first `size` bytes remain.
  void shrink(std::size_t size);

 private:
  struct Free {
    void operator()(unsigned char* bytes) const;
  };
  std::size_t size_;
  std::unique_ptr<unsigned char[], Free> bytes_;
};

}  // namespace bulkhead::host
