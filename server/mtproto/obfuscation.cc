#include "server/mtproto/obfuscation.h"

#include <algorithm>

#include "common/check.h"
#include "common/crypto/sha.h"

namespace trunkline::mtproto {
namespace {

constexpr std::size_t kTagAt = 56;
constexpr std::size_t kDcAt = 60;
constexpr std::uint32_t kAbridgedTag = 0xefefefef;

constexpr std::uint32_t Word(char a, char b, char c, char d) {
  return static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b) << 8 |
         static_cast<std::uint32_t>(c) << 16 | static_cast<std::uint32_t>(d) << 24;
}

TransportKind KindOfTag(std::uint32_t tag) {
  if (tag == kAbridgedTag) return TransportKind::kAbridged;
  if (tag == kIntermediateMagic) return TransportKind::kIntermediate;
  if (tag == kPaddedMagic) return TransportKind::kPadded;
  return TransportKind::kUnknown;
}

std::uint32_t TagOf(TransportKind kind) {
  switch (kind) {
    case TransportKind::kAbridged:
      return kAbridgedTag;
    case TransportKind::kIntermediate:
      return kIntermediateMagic;
    case TransportKind::kPadded:
      return kPaddedMagic;
    case TransportKind::kFull:
    case TransportKind::kUnknown:
      break;
  }
  CHECK(false);
}

void MixSecret(std::array<std::uint8_t, 32>& key, ByteView secret) {
  if (!secret.empty()) key = crypto::Sha256({key, secret});
}

}  // namespace

bool LooksLikeHttp(std::uint32_t first_word) {
  return first_word == Word('H', 'E', 'A', 'D') || first_word == Word('P', 'O', 'S', 'T') ||
         first_word == Word('G', 'E', 'T', ' ') || first_word == Word('O', 'P', 'T', 'I');
}

bool LooksLikeTls(std::uint32_t first_word) {
  return first_word == Word('\x16', '\x03', '\x01', '\x02');
}

bool IsObfuscationInit(const ObfuscationInit& init) {
  const auto first = LoadLittle<std::uint32_t>(init.data());
  const auto second = LoadLittle<std::uint32_t>(init.data() + 4);
  return init[0] != kAbridgedMagic && first != kIntermediateMagic && first != kPaddedMagic &&
         !LooksLikeHttp(first) && !LooksLikeTls(first) && second != 0;
}

ObfuscationKeys DeriveObfuscationKeys(const ObfuscationInit& init, ByteView secret) {
  ObfuscationKeys keys;
  std::copy_n(init.begin() + 8, 32, keys.to_server_key.begin());
  std::copy_n(init.begin() + 40, 16, keys.to_server_iv.begin());
  // The same bytes read backwards.
  std::copy_n(init.rbegin() + 8, 32, keys.to_client_key.begin());
  std::copy_n(init.rbegin() + 40, 16, keys.to_client_iv.begin());
  MixSecret(keys.to_server_key, secret);
  MixSecret(keys.to_client_key, secret);
  return keys;
}

std::optional<Obfuscation::Accepted> Obfuscation::Accept(const ObfuscationInit& wire) {
  Obfuscation streams(DeriveObfuscationKeys(wire));
  ObfuscationInit plain = wire;
  streams.to_server_.Apply(plain);
  const TransportKind inside = KindOfTag(LoadLittle<std::uint32_t>(plain.data() + kTagAt));
  if (inside == TransportKind::kUnknown) return std::nullopt;
  return Accepted{streams, inside, LoadLittle<std::int16_t>(plain.data() + kDcAt)};
}

Obfuscation Obfuscation::Start(TransportKind inside, std::int16_t dc, Entropy& entropy,
                               Bytes& out) {
  ObfuscationInit init;
  do {
    entropy.Fill(init);
  } while (!IsObfuscationInit(init));
  StoreLittle(init.data() + kTagAt, TagOf(inside));
  StoreLittle(init.data() + kDcAt, dc);
  Obfuscation streams(DeriveObfuscationKeys(init));
  // Bytes 0..55 travel in clear, the tag and what follows enciphered.
  ObfuscationInit enciphered = init;
  streams.to_server_.Apply(enciphered);
  out.insert(out.end(), init.begin(), init.begin() + kTagAt);
  out.insert(out.end(), enciphered.begin() + kTagAt, enciphered.end());
  return streams;
}

}  // namespace trunkline::mtproto
