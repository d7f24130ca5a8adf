// What both sides of the key exchange compute from its nonces (MTProto: creating an authorization
// key, steps 5 to 9).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/crypto/aes.h"
#include "common/entropy.h"
#include "tl/runtime/value.h"

namespace trunkline::mtproto {

using NewNonce = tl::Int256;  // secret of the client, hidden by RSA

// tmp_aes_key and tmp_aes_iv.
crypto::IgeKey TemporaryKey(const NewNonce& new_nonce, const tl::Int128& server_nonce);
// new_nonce[0:8] XOR server_nonce[0:8]
std::int64_t FirstSalt(const NewNonce& new_nonce, const tl::Int128& server_nonce);

enum class DhGen : std::uint8_t { kOk = 1, kRetry = 2, kFail = 3 };
// new_nonce_hash1, 2 or 3.
tl::Int128 NewNonceHash(const NewNonce& new_nonce, DhGen answer,
                        const std::array<std::uint8_t, 8>& aux_hash);
// new_nonce_hash of server_DH_params_fail.
tl::Int128 ParamsFailHash(const NewNonce& new_nonce);

// IGE( SHA1(data) data padding ), 0 to 15 random bytes of padding.
Bytes SealHashed(const crypto::IgeKey& key, ByteView data, Entropy& entropy);
// Undoes it up to the hash: how long the data is only its parser knows. nullopt: impossible size.
struct OpenedHashed {
  Bytes plaintext;  // hash, data, padding
  ByteView data_and_padding() const { return ByteView(plaintext).subspan(20); }
  // True when `data_bytes` is followed by less than a block and hashes to what came with it.
  bool Matches(std::size_t data_bytes) const;
};
std::optional<OpenedHashed> OpenHashed(const crypto::IgeKey& key, ByteView sealed);

}  // namespace trunkline::mtproto
