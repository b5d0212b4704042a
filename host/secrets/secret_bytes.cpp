#include "host/secrets/secret_bytes.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace bulkhead::host {

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (sodium_init() < 0) throw std::bad_alloc();
  bytes_.reset(static_cast<unsigned char*>(sodium_malloc(std::max<std::size_t>(size, 1))));
  if (bytes_ == nullptr) throw std::bad_alloc();
  sodium_memzero(bytes_.get(), size);
}

SecretBytes::SecretBytes(std::string_view text) : SecretBytes(text.size()) {
  if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
}

void SecretBytes::shrink(std::size_t size) {
  if (size >= size_) return;
  sodium_memzero(bytes_.get() + size, size_ - size);
  size_ = size;
}

void SecretBytes::Free::operator()(unsigned char* bytes) const { sodium_free(bytes); }

}  // namespace bulkhead::host
