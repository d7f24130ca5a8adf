#include "common/crypto/aes.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/crypto/aes_ni.h"
#include "common/crypto/openssl.h"
#include "common/secret.h"

namespace trunkline::crypto {
namespace {

using Block = std::array<std::uint8_t, kAesBlockBytes>;

// Chosen once, before main. A caller that runs even earlier gets the portable code: also right.
const bool kUseHardware = AesNiAvailable();

// AES-256 of single blocks through OpenSSL's EVP interface.
class BlockCipher {
 public:
  BlockCipher(const std::array<std::uint8_t, 32>& key, bool encrypt)
      : context_(EVP_CIPHER_CTX_new()) {
    CHECK(context_ != nullptr);
    CHECK(EVP_CipherInit_ex2(context_.get(), EVP_aes_256_ecb(), key.data(), nullptr,
                             encrypt ? 1 : 0, nullptr) == 1);
    EVP_CIPHER_CTX_set_padding(context_.get(), 0);
  }
  Block Apply(const Block& in) {
    Block out;
    int written = 0;
    CHECK(EVP_CipherUpdate(context_.get(), out.data(), &written, in.data(), kAesBlockBytes) == 1);
    CHECK(written == kAesBlockBytes);
    return out;
  }

 private:
  CipherContext context_;
};

Block Xor(const Block& a, const Block& b) {
  Block out;
  for (std::size_t i = 0; i < kAesBlockBytes; ++i) out[i] = static_cast<std::uint8_t>(a[i] ^ b[i]);
  return out;
}

Block BlockAt(ByteView bytes, std::size_t at) {
  Block block;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), kAesBlockBytes, block.begin());
  return block;
}

void CheckSizes(ByteView in, ByteSpan out) {
  CHECK(in.size() % kAesBlockBytes == 0 && in.size() == out.size());
}

// Both ways are one recurrence: out = AES(in XOR last out) XOR last in. Encryption starts from
// (ciphertext, plaintext) of the vector, decryption from them swapped.
void IgePortable(const IgeKey& key, bool encrypt, ByteView in, ByteSpan out) {
  CheckSizes(in, out);
  BlockCipher cipher(key.key, encrypt);
  Block last_out = BlockAt(key.iv, encrypt ? 0 : kAesBlockBytes);
  Block last_in = BlockAt(key.iv, encrypt ? kAesBlockBytes : 0);
  for (std::size_t at = 0; at < in.size(); at += kAesBlockBytes) {
    const Block block = BlockAt(in, at);
    last_out = Xor(cipher.Apply(Xor(block, last_out)), last_in);
    last_in = block;
    std::copy(last_out.begin(), last_out.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

}  // namespace

IgeKey::~IgeKey() {
  Wipe(key.data(), key.size());
  Wipe(iv.data(), iv.size());
}

bool IgeHardwareAvailable() {
  return kUseHardware;
}

void IgeEncryptPortable(const IgeKey& key, ByteView in, ByteSpan out) {
  IgePortable(key, true, in, out);
}

void IgeDecryptPortable(const IgeKey& key, ByteView in, ByteSpan out) {
  IgePortable(key, false, in, out);
}

void IgeEncrypt(const IgeKey& key, ByteView in, ByteSpan out) {
  if (!kUseHardware) return IgeEncryptPortable(key, in, out);
  CheckSizes(in, out);
  IgeEncryptNi(key.key.data(), key.iv.data(), in, out);
}

void IgeDecrypt(const IgeKey& key, ByteView in, ByteSpan out) {
  if (!kUseHardware) return IgeDecryptPortable(key, in, out);
  CheckSizes(in, out);
  IgeDecryptNi(key.key.data(), key.iv.data(), in, out);
}

}  // namespace trunkline::crypto
