#include "host/secrets/sealed_secret.hpp"

#include <sodium.h>

#include <cstring>
#include <new>

namespace bulkhead::host {
namespace {

static_assert(kSecretKeyBytes == crypto_secretbox_KEYBYTES);

constexpr std::string_view kMagic = "bulkhead secret 1\n";
constexpr std::size_t kOverhead =
    kMagic.size() + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Little-endian numbers and texts with their length before them.
class Writer {
 public:
  explicit Writer(std::span<unsigned char> room) : room_(room) {}
  void number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) room_[at_++] = static_cast<unsigned char>(value >> (8 * i));
  }
  void text(std::string_view text) {
    number(text.size());
    if (!text.empty()) std::memcpy(room_.data() + at_, text.data(), text.size());
    at_ += text.size();
  }

 private:
  std::span<unsigned char> room_;
  std::size_t at_ = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}
  std::uint64_t number() {
    if (rest_.size() < 8) return fail();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(8);
    return value;
  }
  std::string_view text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  bool good() const { return good_ && rest_.empty(); }
  bool failed() const { return !good_; }

 private:
  std::uint64_t fail() {
    good_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string seal(const SecretFacts& facts, const SecretBytes& value, const SecretBytes& key) {
  std::size_t size = 8 * 4 + facts.name.size() + value.size();
  for (const auto& origin : facts.origins) size += 8 + origin.text().size();
  SecretBytes plain(size);
  Writer writer(plain.span());
  writer.text(facts.name);
  writer.number(static_cast<std::uint64_t>(facts.created));
  writer.number(facts.origins.size());
  for (const auto& origin : facts.origins) writer.text(origin.text());
  writer.text(value.view());

  std::string sealed(kOverhead + size, '\0');
  kMagic.copy(sealed.data(), kMagic.size());
  auto* nonce = reinterpret_cast<unsigned char*>(sealed.data()) + kMagic.size();
  randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(nonce + crypto_secretbox_NONCEBYTES, plain.span().data(), size, nonce,
                        key.span().data());
  return sealed;
}

std::optional<Secret> unseal(std::string_view sealed, const SecretBytes& key,
                             std::string& problem) {
  if (sealed.size() < kOverhead || !sealed.starts_with(kMagic)) {
    problem = "is no secret of this version of Bulkhead";
    return std::nullopt;
  }
  SecretBytes plain(sealed.size() - kOverhead);
  const unsigned char* nonce = bytes_of(sealed) + kMagic.size();
  const unsigned char* box = nonce + crypto_secretbox_NONCEBYTES;
  if (crypto_secretbox_open_easy(plain.span().data(), box,
                                 sealed.size() - kMagic.size() - crypto_secretbox_NONCEBYTES, nonce,
                                 key.span().data()) != 0) {
    problem = "was changed, or written with another key";
    return std::nullopt;
  }
  Reader reader(plain.view());
  Secret secret;
  secret.facts.name = reader.text();
  secret.facts.created = static_cast<std::int64_t>(reader.number());
  const std::uint64_t origins = reader.number();
  for (std::uint64_t i = 0; i < origins && !reader.failed(); ++i) {
    const auto origin = manifest::Origin::parse(reader.text());
    if (origin) secret.facts.origins.push_back(*origin);
  }
  secret.value = SecretBytes(reader.text());
  if (!reader.good() || secret.facts.origins.size() != origins) {
    problem = "is damaged";
    return std::nullopt;
  }
  return secret;
}

}  // namespace bulkhead::host
