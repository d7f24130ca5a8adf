#include "common/crypto/ed25519.h"

#include <memory>

#include "common/check.h"
#include "common/crypto/openssl.h"

namespace trunkline::crypto {
namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;

PKey PrivateKey(const Ed25519Seed& seed) {
  PKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.view().data(),
                                        seed.view().size()));
  CHECK(key != nullptr);
  return key;
}

}  // namespace

Ed25519PublicKey PublicKeyOf(const Ed25519Seed& seed) {
  Ed25519PublicKey key{};
  std::size_t size = key.size();
  CHECK(EVP_PKEY_get_raw_public_key(PrivateKey(seed).get(), key.data(), &size) == 1);
  return key;
}

Ed25519Signature Ed25519Sign(const Ed25519Seed& seed, ByteView message) {
  const PKey key = PrivateKey(seed);
  const DigestContext context(EVP_MD_CTX_new());
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  CHECK(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) ==
        1);
  return signature;
}

bool Ed25519Verify(const Ed25519PublicKey& key, ByteView message,
                   const Ed25519Signature& signature) {
  const PKey owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const DigestContext context(EVP_MD_CTX_new());
  return owned != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, owned.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace trunkline::crypto
