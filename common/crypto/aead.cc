#include "common/crypto/aead.h"

#include "common/check.h"
#include "common/crypto/openssl.h"

namespace trunkline::crypto {
namespace {

// OpenSSL takes sizes as int; nothing that is sealed comes near.
int SizeOf(ByteView bytes) {
  CHECK(bytes.size() < (1U << 30));
  return static_cast<int>(bytes.size());
}

// Looked up once, instead of by its name at each use.
const EVP_CIPHER* Aes256Gcm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  CHECK(cipher != nullptr);
  return cipher;
}

}  // namespace

Bytes GcmSeal(GcmKey key, GcmNonce nonce, ByteView associated, ByteView plain) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_EncryptInit_ex2(context.get(), Aes256Gcm(), key.data(), nonce.data(), nullptr) == 1);
  Bytes sealed(plain.size() + kGcmTagBytes);
  int written = 0;
  CHECK(EVP_EncryptUpdate(context.get(), nullptr, &written, associated.data(),
                          SizeOf(associated)) == 1);
  CHECK(EVP_EncryptUpdate(context.get(), sealed.data(), &written, plain.data(), SizeOf(plain)) ==
        1);
  CHECK(EVP_EncryptFinal_ex(context.get(), sealed.data() + plain.size(), &written) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kGcmTagBytes,
                            sealed.data() + plain.size()) == 1);
  return sealed;
}

std::optional<Bytes> GcmOpen(GcmKey key, GcmNonce nonce, ByteView associated, ByteView sealed) {
  if (sealed.size() < kGcmTagBytes) return std::nullopt;
  const ByteView cipher = sealed.first(sealed.size() - kGcmTagBytes);
  Bytes tag(sealed.end() - kGcmTagBytes, sealed.end());
  const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_DecryptInit_ex2(context.get(), Aes256Gcm(), key.data(), nonce.data(), nullptr) == 1);
  // One byte more: OpenSSL takes a null pointer for associated bytes.
  Bytes plain(cipher.size() + 1);
  int written = 0;
  CHECK(EVP_DecryptUpdate(context.get(), nullptr, &written, associated.data(),
                          SizeOf(associated)) == 1);
  CHECK(EVP_DecryptUpdate(context.get(), plain.data(), &written, cipher.data(), SizeOf(cipher)) ==
        1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kGcmTagBytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), plain.data() + cipher.size(), &written) != 1) {
    return std::nullopt;
  }
  plain.pop_back();
  return plain;
}

}  // namespace trunkline::crypto
