#include <catch2/catch.hpp>

#include <bulkhead/abi/draft/secrets.h>

#include "tests/services/access.hpp"

using namespace bulkhead::host;
using namespace bulkhead::test;
using Catch::Matchers::Contains;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

struct Signer {
  explicit Signer(const std::string& value) : secrets(access_to({}, {"key"}), vault.store()) {
    vault.set("key", value);
  }
  std::string sign(std::vector<std::string_view> messages, std::string_view prefix = {}) {
    std::string signature;
    outcome = secrets.sign("key", prefix, messages, signature);
    return hex(signature);
  }
  Vault vault;
  GrantedSecrets secrets;
  ServiceOutcome outcome;
};

}  // namespace

TEST_CASE("a signature is HMAC-SHA256") {
  // RFC 4231, test cases 1, 2 and 6.
  CHECK(Signer(std::string(20, '\x0b')).sign({"Hi There"}) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(Signer("Jefe").sign({"what do ya want for nothing?"}) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(Signer(std::string(131, '\xaa'))
            .sign({"Test Using Larger Than Block-Size Key - Hash Key First"}) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(Signer("efe").sign({"what do ya want for nothing?"}, "J") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("a chain of messages derives the key of a cloud's signature") {
  // The signing key of AWS Signature Version 4, from its documentation.
  CHECK(Signer("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            .sign({"20150830", "us-east-1", "iam", "aws4_request"}, "AWS4") ==
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST_CASE("what can't be signed is refused") {
  Signer signer("key");
  signer.sign({});
  CHECK(signer.outcome.status == BH_INVALID_ARGUMENT);
  signer.sign(std::vector<std::string_view>(17, "x"));
  CHECK(signer.outcome.status == BH_INVALID_ARGUMENT);
  signer.sign({std::string((1 << 20) + 1, 'x')});
  CHECK_THAT(signer.outcome.message, Contains("sign its digest"));
  signer.sign({"x"}, std::string(257, 'x'));
  CHECK(signer.outcome.status == BH_INVALID_ARGUMENT);
  CHECK(signer.sign(std::vector<std::string_view>(16, "x")).size() == 64);
}

TEST_CASE("a secret that was not granted, or is not there, is not used") {
  const Vault vault;
  vault.set("other", "x");
  vault.set("key", "x");
  const GrantedSecrets secrets(access_to({}, {"key", "gone"}), vault.store());
  std::string signature;
  const std::vector<std::string_view> messages = {"x"};
  const auto denied = secrets.sign("other", "", messages, signature);
  CHECK(denied.status == BH_PERMISSION_DENIED);
  CHECK_THAT(denied.message, Contains("'other' was not granted") &&
                                 Contains("one does not ask for the secret 'other'"));
  const auto missing = secrets.sign("gone", "", messages, signature);
  CHECK(missing.status == BH_NOT_FOUND);
  CHECK_THAT(missing.message, Contains("bulkhead secrets set gone"));
  CHECK(signature.empty());
  CHECK(secrets.has("key"));
  CHECK_FALSE(secrets.has("gone"));
  CHECK_FALSE(secrets.has("other"));
  CHECK_FALSE(secrets.has("../key"));
}
