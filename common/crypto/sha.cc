// The low-level functions: deprecated in OpenSSL 3, but they reach the same assembly without the
// provider's fetch and allocation, which cost more than hashing a short message.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/crypto/sha.h"

#include <openssl/sha.h>

#include <algorithm>

#include "common/check.h"
#include "common/secret.h"

namespace trunkline::crypto {
namespace {

// RFC 2104, for hashes with blocks of 64 bytes.
template <class Digest, Digest (*Hash)(std::initializer_list<ByteView>)>
Digest Hmac(ByteView key, ByteView message) {
  std::array<std::uint8_t, 64> block{};
  if (key.size() > block.size()) {
    const Digest shortened = Hash({key});
    std::copy(shortened.begin(), shortened.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  for (std::uint8_t& byte : block) byte ^= 0x36;
  const Digest inner = Hash({block, message});
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  const Digest outer = Hash({block, inner});
  Wipe(block.data(), block.size());
  return outer;
}

}  // namespace

Sha1Digest Sha1(std::initializer_list<ByteView> pieces) {
  SHA_CTX context;
  SHA1_Init(&context);
  for (const ByteView piece : pieces) SHA1_Update(&context, piece.data(), piece.size());
  Sha1Digest digest;
  SHA1_Final(digest.data(), &context);
  return digest;
}

Sha256Digest Sha256(std::initializer_list<ByteView> pieces) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const ByteView piece : pieces) SHA256_Update(&context, piece.data(), piece.size());
  Sha256Digest digest;
  SHA256_Final(digest.data(), &context);
  return digest;
}

Sha1Digest HmacSha1(ByteView key, ByteView message) {
  return Hmac<Sha1Digest, Sha1>(key, message);
}

Sha256Digest HmacSha256(ByteView key, ByteView message) {
  return Hmac<Sha256Digest, Sha256>(key, message);
}

void HkdfSha256(ByteView secret, ByteView salt, ByteView info, ByteSpan out) {
  CHECK(out.size() <= 255 * sizeof(Sha256Digest));
  Sha256Digest key = HmacSha256(salt, secret);
  Bytes block;  // the previous digest, info, a counter
  Sha256Digest digest{};
  for (std::uint8_t counter = 1; !out.empty(); ++counter) {
    if (counter > 1) block.assign(digest.begin(), digest.end());
    block.insert(block.end(), info.begin(), info.end());
    block.push_back(counter);
    digest = HmacSha256(key, block);
    const std::size_t size = std::min(out.size(), digest.size());
    std::copy_n(digest.begin(), size, out.begin());
    out = out.subspan(size);
  }
  Wipe(key.data(), key.size());
  Wipe(digest.data(), digest.size());
  Wipe(block.data(), block.size());
}

}  // namespace trunkline::crypto
