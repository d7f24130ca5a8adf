// SipHash-2-4 with a 128-bit result (Aumasson and Bernstein): a keyed MAC of short messages that
// costs tens of nanoseconds. Not a hash of anything that has no secret key.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/bytes.h"

namespace trunkline::crypto {

using SipDigest = std::array<std::uint8_t, 16>;

SipDigest SipHash128(std::span<const std::uint8_t, 16> key, ByteView message);

}  // namespace trunkline::crypto
