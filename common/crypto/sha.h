// SHA-1 and SHA-256 over a few pieces without joining them first, HMAC over both, HKDF-SHA256.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "common/bytes.h"

namespace trunkline::crypto {

using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

Sha1Digest Sha1(std::initializer_list<ByteView> pieces);
Sha256Digest Sha256(std::initializer_list<ByteView> pieces);
inline Sha1Digest Sha1(ByteView bytes) {
  return Sha1({bytes});
}
inline Sha256Digest Sha256(ByteView bytes) {
  return Sha256({bytes});
}
Sha1Digest HmacSha1(ByteView key, ByteView message);  // for STUN and TURN, which know no better
Sha256Digest HmacSha256(ByteView key, ByteView message);
// RFC 5869. `out` is at most 255 digests long (CHECKed: the caller's duty).
void HkdfSha256(ByteView secret, ByteView salt, ByteView info, ByteSpan out);

}  // namespace trunkline::crypto
