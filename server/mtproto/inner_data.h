// p_q_inner_data in its four variants, and the two ways in which clients wrap it in RSA (MTProto:
// creating an authorization key, steps 4 and 5): RSA_PAD, and the older form with a bare SHA-1.
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/crypto/rsa.h"
#include "common/entropy.h"
#include "server/mtproto/handshake_crypto.h"
#include "tl/runtime/value.h"

namespace trunkline::mtproto {

struct InnerData {
  std::uint64_t pq = 0;
  std::uint64_t p = 0;
  std::uint64_t q = 0;
  tl::Int128 nonce{};
  tl::Int128 server_nonce{};
  NewNonce new_nonce{};
  std::optional<std::int32_t> dc;
  std::optional<std::int32_t> expires_in;  // seconds; a temporary key is asked for
};

enum class RsaForm : std::uint8_t { kPad, kLegacy };

inline constexpr std::size_t kInnerBytesMax = 144;  // RSA_PAD's bound; the longest has 104

// Server: undoes either form from m = c^d. Both are always tried, so that neither success nor
// failure of one shows in the time.
std::optional<InnerData> UnwrapInner(const crypto::RsaBlock& m);

// Client: serialises the variant that fits `dc` and `expires_in`.
Bytes SerialiseInner(const InnerData& inner);
// Client: c = m^e.
crypto::RsaBlock WrapInner(ByteView inner, RsaForm form, const crypto::RsaPublicKey& key,
                           Entropy& entropy);

}  // namespace trunkline::mtproto
