// AES-256-GCM (NIST SP 800-38D): what was sealed is opened by who has its key, its nonce and the
// same associated bytes, or not at all. A nonce serves one message of a key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "common/bytes.h"

namespace trunkline::crypto {

inline constexpr std::size_t kGcmKeyBytes = 32, kGcmNonceBytes = 12, kGcmTagBytes = 16;
using GcmKey = std::span<const std::uint8_t, kGcmKeyBytes>;
using GcmNonce = std::span<const std::uint8_t, kGcmNonceBytes>;

// The ciphertext and its tag: kGcmTagBytes longer than `plain`.
Bytes GcmSeal(GcmKey key, GcmNonce nonce, ByteView associated, ByteView plain);
std::optional<Bytes> GcmOpen(GcmKey key, GcmNonce nonce, ByteView associated, ByteView sealed);

}  // namespace trunkline::crypto
