#include "common/crypto/message_key.h"

#include <algorithm>

#include "common/check.h"
#include "common/crypto/sha.h"
#include "common/crypto/sha_lanes.h"

namespace trunkline::crypto {
namespace {

std::size_t Shift(Direction direction) {
  return static_cast<std::size_t>(direction);
}

ByteView Part(const AuthKey& key, std::size_t from, std::size_t size) {
  return ByteView(key.view()).subspan(from, size);
}

// Joins pieces into a 32-byte key or vector; the pieces' sizes add up to 32 by construction.
void Join(std::array<std::uint8_t, 32>& out, std::initializer_list<ByteView> pieces) {
  auto at = out.begin();
  for (const ByteView piece : pieces) at = std::copy(piece.begin(), piece.end(), at);
}

ByteView Cut(ByteView bytes, std::size_t from, std::size_t to) {
  return bytes.subspan(from, to - from);
}

// The part of the key that goes into a message key.
ByteView MessagePart(const AuthKey& key, Direction direction) {
  return Part(key, 88 + Shift(direction), 32);
}
MessageKey MiddleOf(const Sha256Digest& large) {
  MessageKey message_key;
  std::copy_n(large.begin() + 8, message_key.size(), message_key.begin());
  return message_key;
}

// The two parts of the key that go into an IGE key, and what becomes of their hashes. MTProto 2.0:
// key and initialization vector.
ByteView PartA(const AuthKey& key, Direction direction) {
  return Part(key, Shift(direction), 36);
}
ByteView PartB(const AuthKey& key, Direction direction) {
  return Part(key, 40 + Shift(direction), 36);
}
void JoinHashes(const Sha256Digest& a, const Sha256Digest& b, IgeKey& ige) {
  Join(ige.key, {Cut(a, 0, 8), Cut(b, 8, 24), Cut(a, 24, 32)});
  Join(ige.iv, {Cut(b, 0, 8), Cut(a, 8, 24), Cut(b, 24, 32)});
}

}  // namespace

MessageKey MakeMessageKey(const AuthKey& key, ByteView plaintext, Direction direction,
                          std::uint32_t* quick_ack) {
  const Sha256Digest large = Sha256({MessagePart(key, direction), plaintext});
  if (quick_ack != nullptr) {
    *quick_ack = LoadLittle<std::uint32_t>(large.data()) | 0x80000000u;
  }
  return MiddleOf(large);
}

IgeKey DeriveIgeKey(const AuthKey& key, const MessageKey& message_key, Direction direction) {
  Sha256Digest a = Sha256({message_key, PartA(key, direction)});
  Sha256Digest b = Sha256({PartB(key, direction), message_key});
  IgeKey ige;
  JoinHashes(a, b, ige);
  Wipe(a.data(), a.size());
  Wipe(b.data(), b.size());
  return ige;
}

void MakeKeys(std::span<KeysOfMessage> messages, Direction direction) {
  CHECK(messages.size() <= kKeysTogether);
  std::array<Sha256Digest, 2 * kKeysTogether> hashes;
  std::array<Sha256Job, 2 * kKeysTogether> jobs;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    jobs[i] = {MessagePart(*messages[i].key, direction), messages[i].plaintext, &hashes[i]};
  }
  Sha256Many(std::span(jobs).first(messages.size()));
  for (std::size_t i = 0; i < messages.size(); ++i) messages[i].message_key = MiddleOf(hashes[i]);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const KeysOfMessage& message = messages[i];
    jobs[2 * i] = {message.message_key, PartA(*message.key, direction), &hashes[2 * i]};
    jobs[2 * i + 1] = {PartB(*message.key, direction), message.message_key, &hashes[2 * i + 1]};
  }
  Sha256Many(std::span(jobs).first(2 * messages.size()));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    JoinHashes(hashes[2 * i], hashes[2 * i + 1], messages[i].ige);
  }
  Wipe(hashes.data(), 2 * messages.size() * sizeof(Sha256Digest));
}

// MTProto 1.0: key and initialization vector.
IgeKey DeriveIgeKeyV1(const AuthKey& key, const MessageKey& message_key, Direction direction) {
  const std::size_t x = Shift(direction);
  const Sha1Digest a = Sha1({message_key, Part(key, x, 32)});
  const Sha1Digest b = Sha1({Part(key, 32 + x, 16), message_key, Part(key, 48 + x, 16)});
  const Sha1Digest c = Sha1({Part(key, 64 + x, 32), message_key});
  const Sha1Digest d = Sha1({message_key, Part(key, 96 + x, 32)});
  IgeKey ige;
  Join(ige.key, {Cut(a, 0, 8), Cut(b, 8, 20), Cut(c, 4, 16)});
  Join(ige.iv, {Cut(a, 8, 20), Cut(b, 0, 8), Cut(c, 16, 20), Cut(d, 0, 8)});
  return ige;
}

std::int64_t AuthKeyIdOf(const AuthKey& key) {
  return LoadLittle<std::int64_t>(Sha1(key.view()).data() + 12);
}

std::array<std::uint8_t, 8> AuxHashOf(const AuthKey& key) {
  const Sha1Digest digest = Sha1(key.view());
  std::array<std::uint8_t, 8> hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

}  // namespace trunkline::crypto
