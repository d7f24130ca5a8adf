#include "server/mtproto/envelope.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/crypto/aes.h"

namespace trunkline::mtproto {
namespace {

constexpr std::size_t kMessageKeyAt = 8;

// At least 12 bytes, to a whole number of blocks.
std::size_t PaddingFor(std::size_t unpadded) {
  return kPaddingBytesMin +
         (crypto::kAesBlockBytes - (unpadded + kPaddingBytesMin) % crypto::kAesBlockBytes) %
             crypto::kAesBlockBytes;
}

void StoreHeader(const MessageHeader& header, std::size_t body_bytes, std::uint8_t* to) {
  StoreLittle(to, header.salt);
  StoreLittle(to + 8, header.session.value());
  StoreLittle(to + 16, header.msg_id.value());
  StoreLittle(to + 24, header.seq_no);
  StoreLittle(to + 28, static_cast<std::uint32_t>(body_bytes));
}

}  // namespace

std::size_t StartEnvelope(Bytes& out) {
  const std::size_t start = out.size();
  out.resize(start + kEnvelopeHeaderBytes + kMessageHeaderBytes);
  return start;
}

void PadEnvelope(AuthKeyId key_id, const MessageHeader& header, std::size_t start, Entropy& entropy,
                 Bytes& out) {
  CHECK(out.size() >= start + kEnvelopeHeaderBytes + kMessageHeaderBytes + kBodyBytesMin);
  const std::size_t unpadded = out.size() - start - kEnvelopeHeaderBytes;
  const std::size_t body_bytes = unpadded - kMessageHeaderBytes;
  CHECK(body_bytes % 4 == 0);
  const std::size_t padding = PaddingFor(unpadded);
  out.resize(out.size() + padding);
  entropy.Fill(ByteSpan(out).last(padding));
  StoreLittle(out.data() + start, key_id.value());
  StoreHeader(header, body_bytes, out.data() + start + kEnvelopeHeaderBytes);
}

void FinishEnvelope(AuthKeyId key_id, const AuthKey& key, crypto::Direction direction,
                    const MessageHeader& header, std::size_t start, Entropy& entropy, Bytes& out) {
  PadEnvelope(key_id, header, start, entropy, out);
  const PaddedEnvelope padded{&key, ByteSpan(out).subspan(start)};
  SealEnvelopes({&padded, 1}, direction);
}

void SealEnvelopes(std::span<const PaddedEnvelope> envelopes, crypto::Direction direction) {
  std::array<crypto::KeysOfMessage, crypto::kKeysTogether> keys;
  while (!envelopes.empty()) {
    const auto some = envelopes.first(std::min(envelopes.size(), keys.size()));
    for (std::size_t i = 0; i < some.size(); ++i) {
      keys[i].key = some[i].key;
      keys[i].plaintext = some[i].packet.subspan(kEnvelopeHeaderBytes);
    }
    crypto::MakeKeys(std::span(keys).first(some.size()), direction);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const ByteSpan plaintext = some[i].packet.subspan(kEnvelopeHeaderBytes);
      std::ranges::copy(keys[i].message_key, some[i].packet.begin() + kMessageKeyAt);
      crypto::IgeEncrypt(keys[i].ige, plaintext, plaintext);
    }
    envelopes = envelopes.subspan(some.size());
  }
}

void SealMessage(AuthKeyId key_id, const AuthKey& key, crypto::Direction direction,
                 const MessageHeader& header, ByteView body, Entropy& entropy, Bytes& out) {
  const std::size_t unpadded = kMessageHeaderBytes + body.size();
  out.reserve(out.size() + kEnvelopeHeaderBytes + unpadded + PaddingFor(unpadded));
  const std::size_t start = StartEnvelope(out);
  out.insert(out.end(), body.begin(), body.end());
  FinishEnvelope(key_id, key, direction, header, start, entropy, out);
}

AuthKeyId PacketKeyId(ByteView packet) {
  return AuthKeyId(LoadLittle<std::int64_t>(packet.data()));
}

std::string_view CloseReason(OpenError error) {
  switch (error) {
    case OpenError::kSize:
      return "impossible size of an encrypted packet";
    case OpenError::kMessageKey:
      return "wrong message key";
    case OpenError::kLength:
      return "wrong message length";
    case OpenError::kPadding:
      return "wrong padding";
  }
  CHECK(false);
}

Result<OpenedMessage, OpenError> OpenMessage(const AuthKey& key, crypto::Direction direction,
                                             ByteSpan packet) {
  const bool possible = packet.size() >= kEncryptedPacketBytesMin &&
                        (packet.size() - kEnvelopeHeaderBytes) % crypto::kAesBlockBytes == 0;
  if (!possible) return Unexpected{OpenError::kSize};
  crypto::MessageKey message_key;
  std::copy_n(packet.begin() + kMessageKeyAt, message_key.size(), message_key.begin());
  const ByteSpan plaintext = packet.subspan(kEnvelopeHeaderBytes);
  crypto::IgeDecrypt(crypto::DeriveIgeKey(key, message_key, direction), plaintext, plaintext);

  std::uint32_t token = 0;
  const crypto::MessageKey expected = crypto::MakeMessageKey(key, plaintext, direction, &token);
  if (!SecretEquals(expected, message_key)) return Unexpected{OpenError::kMessageKey};
  auto opened = ParsePlaintext(plaintext);
  if (opened) opened->quick_ack_token = token;
  return opened;
}

Result<OpenedMessage, OpenError> ParsePlaintext(ByteSpan plaintext) {
  if (plaintext.size() < kMessageHeaderBytes) return Unexpected{OpenError::kSize};
  const std::size_t room = plaintext.size() - kMessageHeaderBytes;
  const auto length = LoadLittle<std::uint32_t>(plaintext.data() + 28);
  if (length < kBodyBytesMin || length % 4 != 0 || length > room) {
    return Unexpected{OpenError::kLength};
  }
  const std::size_t padding = room - length;
  if (padding < kPaddingBytesMin || padding > kPaddingBytesMax) {
    return Unexpected{OpenError::kPadding};
  }
  OpenedMessage opened;
  opened.header.salt = LoadLittle<std::int64_t>(plaintext.data());
  opened.header.session = SessionId(LoadLittle<std::int64_t>(plaintext.data() + 8));
  opened.header.msg_id = MessageId(LoadLittle<std::int64_t>(plaintext.data() + 16));
  opened.header.seq_no = LoadLittle<std::int32_t>(plaintext.data() + 24);
  opened.body = plaintext.subspan(kMessageHeaderBytes, length);
  return opened;
}

}  // namespace trunkline::mtproto
