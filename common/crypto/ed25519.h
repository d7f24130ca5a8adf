// Ed25519 signatures (RFC 8032) over short messages.
#pragma once

#include <array>
#include <cstdint>

#include "common/bytes.h"
#include "common/secret.h"

namespace trunkline::crypto {

using Ed25519Seed = SecretBytes<32>;
using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

Ed25519PublicKey PublicKeyOf(const Ed25519Seed& seed);
Ed25519Signature Ed25519Sign(const Ed25519Seed& seed, ByteView message);
bool Ed25519Verify(const Ed25519PublicKey& key, ByteView message,
                   const Ed25519Signature& signature);

}  // namespace trunkline::crypto
