// Message keys and key derivation: MTProto 2.0 (SHA-256) for all messages, MTProto 1.0 (SHA-1) for
// the inner message of auth.bindTempAuthKey.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/bytes.h"
#include "common/crypto/aes.h"
#include "common/secret.h"

namespace trunkline::crypto {

enum class Direction { kToServer = 0, kToClient = 8 };  // the x of the specification

using MessageKey = std::array<std::uint8_t, 16>;

// Middle 16 bytes of SHA256(32 bytes of the key, plaintext with padding). `quick_ack` gets the
// first four bytes as a little-endian number with the top bit set, when asked for.
MessageKey MakeMessageKey(const AuthKey& key, ByteView plaintext, Direction direction,
                          std::uint32_t* quick_ack = nullptr);
IgeKey DeriveIgeKey(const AuthKey& key, const MessageKey& message_key, Direction direction);
// Both of several messages of MTProto 2.0 at once, side by side (sha_lanes.h): kKeysTogether at
// most, as many as are hashed at once. The padded plaintext is borrowed.
inline constexpr std::size_t kKeysTogether = 8;
struct KeysOfMessage {
  const AuthKey* key = nullptr;
  ByteView plaintext;
  MessageKey message_key;
  IgeKey ige;
};
void MakeKeys(std::span<KeysOfMessage> messages, Direction direction);

IgeKey DeriveIgeKeyV1(const AuthKey& key, const MessageKey& message_key, Direction direction);

std::int64_t AuthKeyIdOf(const AuthKey& key);               // SHA1(key)[12:20], little-endian
std::array<std::uint8_t, 8> AuxHashOf(const AuthKey& key);  // SHA1(key)[0:8]

}  // namespace trunkline::crypto
