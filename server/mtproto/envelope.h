// Encrypted messages of MTProto 2.0: sealing and opening one packet (MTProto 2.0: encrypted
// message, message key). Pure, no allocation but for the growth of the caller's buffer.
//
//   auth_key_id:8  msg_key:16  IGE( salt:8 session_id:8 msg_id:8 seq_no:4 length:4 body padding )
#pragma once

#include <cstdint>
#include <span>

#include "common/bytes.h"
#include "common/crypto/message_key.h"
#include "common/entropy.h"
#include "common/ids.h"
#include "common/result.h"
#include "common/secret.h"

namespace trunkline::mtproto {

inline constexpr std::size_t kEnvelopeHeaderBytes = 24;
inline constexpr std::size_t kMessageHeaderBytes = 32;
inline constexpr std::size_t kPaddingBytesMin = 12;
inline constexpr std::size_t kPaddingBytesMax = 1024;
inline constexpr std::size_t kBodyBytesMin = 4;
// Everything, with the shortest body and padding.
inline constexpr std::size_t kEncryptedPacketBytesMin =
    kEnvelopeHeaderBytes + kMessageHeaderBytes + kBodyBytesMin + kPaddingBytesMin;
static_assert(kEncryptedPacketBytesMin == 24 + 48);

struct MessageHeader {
  std::int64_t salt = 0;
  SessionId session;
  MessageId msg_id;
  std::int32_t seq_no = 0;
};

// Sealing where the body is written straight into the packet:
//   const std::size_t start = StartEnvelope(out);
//   ... append the body, a multiple of 4 bytes, to out ...
//   FinishEnvelope(key_id, key, direction, header, start, entropy, out);
std::size_t StartEnvelope(Bytes& out);
void FinishEnvelope(AuthKeyId key_id, const AuthKey& key, crypto::Direction direction,
                    const MessageHeader& header, std::size_t start, Entropy& entropy, Bytes& out);

// Finishing in two parts, where many packets leave at once: each is padded, then all are sealed.
// Only what is sealed may leave.
void PadEnvelope(AuthKeyId key_id, const MessageHeader& header, std::size_t start, Entropy& entropy,
                 Bytes& out);
struct PaddedEnvelope {
  const AuthKey* key = nullptr;
  ByteSpan packet;  // of PadEnvelope, from `start` on
};
void SealEnvelopes(std::span<const PaddedEnvelope> envelopes, crypto::Direction direction);

// The same in one step: appends a packet of 12 to 27 bytes of padding to `out`.
void SealMessage(AuthKeyId key_id, const AuthKey& key, crypto::Direction direction,
                 const MessageHeader& header, ByteView body, Entropy& entropy, Bytes& out);

// The key that a packet names; 0 for a plaintext one. The caller has checked that 8 bytes are
// there.
AuthKeyId PacketKeyId(ByteView packet);

// Why a packet isn't a message. For counters only: outwardly all are one, the link closes in
// silence.
enum class OpenError : std::uint8_t { kSize, kMessageKey, kLength, kPadding };
std::string_view CloseReason(OpenError error);  // static text

struct OpenedMessage {
  MessageHeader header;
  ByteSpan body;  // inside the packet
  std::uint32_t quick_ack_token = 0;
};

// Decrypts `packet` in place, whatever comes of it. Nothing inside is looked at before the message
// key has matched, in constant time.
Result<OpenedMessage, OpenError> OpenMessage(const AuthKey& key, crypto::Direction direction,
                                             ByteSpan packet);

// The part after decryption: header, body and padding of an authentic plaintext.
Result<OpenedMessage, OpenError> ParsePlaintext(ByteSpan plaintext);

}  // namespace trunkline::mtproto
