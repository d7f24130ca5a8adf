// MD5, only because the long-term credentials of STUN (RFC 8489 9.2.2) are keyed with it.
#pragma once

#include <array>
#include <cstdint>

#include "common/bytes.h"

namespace trunkline::crypto {

using Md5Digest = std::array<std::uint8_t, 16>;

Md5Digest Md5(ByteView bytes);

}  // namespace trunkline::crypto
