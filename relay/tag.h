// Peer tags: the 16 bytes with which every packet to a reflector begins. Stateless: the server
// mints them, the relay checks them with the same key, and nothing travels between the two for a
// call.
//
//   0       from the top bit: 1, 1, key id (3), class (1), p2p allowed (1), side (1)
//   1..2    expiry slot, u16 little-endian: units of 64 s since the epoch modulo 2^16
//   3..6    call nonce, u32 little-endian, unique among the live tags of one key
//   7..11   first 40 bits of SipHash-2-4-128(key, bytes 0..6)
//   12..15  its next 32 bits: libtgvoip sends them, tgcalls puts other things there
//
// The two top bits keep a tag apart from STUN, DTLS and RTP (RFC 7983). The side is under the MAC,
// so the sides' tags differ within their first 12 bytes, and whoever has the key can make one
// side's tag from the other's. Pure; linked by the relay and by the server's picker.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/secret.h"
#include "common/time.h"

namespace trunkline::relay {

inline constexpr std::size_t kTagBytes = 16;
// What both families of clients send as issued.
inline constexpr std::size_t kTagPrefixBytes = 12;
inline constexpr std::size_t kTagKeyIds = 8;
inline constexpr std::int64_t kTagSlotSeconds = 64;

using Tag = std::array<std::uint8_t, kTagBytes>;
using TagKey = SecretBytes<16>;

enum class Side : std::uint8_t { kCaller = 0, kCallee = 1 };
inline constexpr Side OtherSide(Side side) {
  return side == Side::kCaller ? Side::kCallee : Side::kCaller;
}

struct TagFields {
  std::uint8_t key_id = 0;  // 0..7
  bool special = false;     // the class bit: of no call, a probe
  bool p2p_allowed = false;
  Side side = Side::kCaller;
  std::uint16_t expiry_slot = 0;  // the tag is good until this slot ends
  std::uint32_t nonce = 0;
  friend bool operator==(const TagFields&, const TagFields&) = default;
};

// The slot that holds `when`.
std::uint16_t TagSlotOf(WallTime when);
// Slots wrap after 48.5 days, so a tag may live for half of that at most: what looks further away
// than that is in the past.
bool TagExpired(std::uint16_t expiry_slot, WallTime now);

// One call's key in all tables, the same for both sides: bytes 0..6 without the side bit, as an
// integer. `prefix` has at least 7 bytes.
using CallKey = std::uint64_t;
CallKey CallKeyOf(const std::uint8_t* prefix);
inline std::uint32_t NonceOf(CallKey key) {
  return static_cast<std::uint32_t>(key >> 24);
}

// What its first byte says. Says nothing about the MAC.
bool IsProbeTag(std::span<const std::uint8_t, kTagPrefixBytes> prefix);

// nullopt when the two top bits say that this is no tag. Says nothing about the MAC.
std::optional<TagFields> ParseTag(std::span<const std::uint8_t, kTagPrefixBytes> prefix);

Tag MintTag(const TagKey& key, const TagFields& fields);

// HKDF-SHA256(secret, no salt, "tag" | relay id as u32 little-endian | key id): a stolen key forges
// tags of one relay only.
TagKey DeriveTagKey(ByteView secret, std::uint32_t relay_id, std::uint8_t key_id);

// The keys that are good now. To rotate: add the new key everywhere, then mint with it, then take
// the old one away when its last tag has expired.
class KeyRing {
 public:
  void Set(std::uint8_t key_id, const TagKey& key) { keys_.at(key_id) = key; }
  void Remove(std::uint8_t key_id) { keys_.at(key_id).reset(); }
  const TagKey* Find(std::uint8_t key_id) const {
    const std::optional<TagKey>& key = keys_.at(key_id);
    return key ? &*key : nullptr;
  }

 private:
  std::array<std::optional<TagKey>, kTagKeyIds> keys_;
};

// What a genuine tag says. The tags are whole, as they were issued.
struct VerifiedTag {
  TagFields fields;
  Tag own, other;
};

// How a reflector knows its own tags. `prefix` came from a stranger.
class TagVerifier {
 public:
  virtual ~TagVerifier() = default;
  // nullopt: forged, or of a key that isn't known. Doesn't look at the expiry.
  virtual std::optional<VerifiedTag> Verify(
      std::span<const std::uint8_t, kTagPrefixBytes> prefix) const = 0;
};

// Compares in constant time.
class KeyRingVerifier final : public TagVerifier {
 public:
  explicit KeyRingVerifier(KeyRing ring) : ring_(std::move(ring)) {}
  std::optional<VerifiedTag> Verify(
      std::span<const std::uint8_t, kTagPrefixBytes> prefix) const override;

 private:
  KeyRing ring_;
};

}  // namespace trunkline::relay
