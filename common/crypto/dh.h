// Diffie-Hellman over the one prime that all clients accept, with g = 3. Numbers are 256-byte
// big-endian.
#pragma once

#include <array>
#include <cstdint>

#include "common/bytes.h"
#include "common/entropy.h"
#include "common/secret.h"

namespace trunkline::crypto {

inline constexpr std::int32_t kDhG = 3;
using DhNumber = std::array<std::uint8_t, 256>;
const DhNumber& DhPrime();

// 256 random bits (RFC 7919, section 5.2), used for one exchange and wiped.
using DhSecret = SecretBytes<32>;

// g^a mod p from a fixed-base table; redraws until the value is in the safe range.
struct DhPair {
  DhSecret secret;
  DhNumber public_value;
};
DhPair MakeDhPair(Entropy& entropy);

// 2^1984 <= value <= p - 2^1984, for a big-endian number of at most 256 bytes. Shorter is left
// padded.
bool DhPublicInRange(ByteView value);

// other^secret mod p in constant time; `other` has passed DhPublicInRange.
AuthKey DhShared(ByteView other, const DhSecret& secret);

}  // namespace trunkline::crypto
