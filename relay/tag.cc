#include "relay/tag.h"

#include <algorithm>

#include "common/check.h"
#include "common/crypto/sha.h"
#include "common/crypto/siphash.h"

namespace trunkline::relay {
namespace {

constexpr std::size_t kMacAt = 7;
constexpr std::uint8_t kMark = 0xc0;
constexpr int kKeyIdShift = 3;
constexpr std::uint8_t kClassBit = 4, kP2pBit = 2, kSideBit = 1;
constexpr std::string_view kKeyLabel = "tag";

}  // namespace

std::uint16_t TagSlotOf(WallTime when) {
  return static_cast<std::uint16_t>(UnixSeconds(when) / kTagSlotSeconds);
}

bool TagExpired(std::uint16_t expiry_slot, WallTime now) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(expiry_slot - TagSlotOf(now))) < 0;
}

CallKey CallKeyOf(const std::uint8_t* prefix) {
  const std::uint64_t fields = LoadLittle<std::uint32_t>(prefix) |
                               std::uint64_t{LoadLittle<std::uint16_t>(prefix + 4)} << 32 |
                               std::uint64_t{prefix[6]} << 48;
  return fields & ~std::uint64_t{kSideBit};
}

bool IsProbeTag(std::span<const std::uint8_t, kTagPrefixBytes> prefix) {
  return (prefix[0] & (kMark | kClassBit)) == (kMark | kClassBit);
}

std::optional<TagFields> ParseTag(std::span<const std::uint8_t, kTagPrefixBytes> prefix) {
  const std::uint8_t first = prefix[0];
  if ((first & kMark) != kMark) return std::nullopt;
  return TagFields{.key_id = static_cast<std::uint8_t>((first & ~kMark) >> kKeyIdShift),
                   .special = (first & kClassBit) != 0,
                   .p2p_allowed = (first & kP2pBit) != 0,
                   .side = (first & kSideBit) != 0 ? Side::kCallee : Side::kCaller,
                   .expiry_slot = LoadLittle<std::uint16_t>(prefix.data() + 1),
                   .nonce = LoadLittle<std::uint32_t>(prefix.data() + 3)};
}

Tag MintTag(const TagKey& key, const TagFields& fields) {
  CHECK(fields.key_id < kTagKeyIds);
  Tag tag;
  tag[0] = static_cast<std::uint8_t>(
      kMark | fields.key_id << kKeyIdShift | (fields.special ? kClassBit : 0) |
      (fields.p2p_allowed ? kP2pBit : 0) | (fields.side == Side::kCallee ? kSideBit : 0));
  StoreLittle(tag.data() + 1, fields.expiry_slot);
  StoreLittle(tag.data() + 3, fields.nonce);
  const crypto::SipDigest mac = crypto::SipHash128(key.view(), ByteView(tag).first(kMacAt));
  std::copy_n(mac.begin(), kTagBytes - kMacAt, tag.begin() + kMacAt);
  return tag;
}

TagKey DeriveTagKey(ByteView secret, std::uint32_t relay_id, std::uint8_t key_id) {
  Bytes info(kKeyLabel.begin(), kKeyLabel.end());
  info.resize(kKeyLabel.size() + sizeof relay_id);
  StoreLittle(info.data() + kKeyLabel.size(), relay_id);
  info.push_back(key_id);
  TagKey key;
  crypto::HkdfSha256(secret, {}, info, key.mutable_view());
  return key;
}

std::optional<VerifiedTag> KeyRingVerifier::Verify(
    std::span<const std::uint8_t, kTagPrefixBytes> prefix) const {
  const auto fields = ParseTag(prefix);
  if (!fields) return std::nullopt;
  const TagKey* const key = ring_.Find(fields->key_id);
  if (key == nullptr) return std::nullopt;
  const Tag own = MintTag(*key, *fields);
  if (!SecretEquals(ByteView(own).first(kTagPrefixBytes), prefix)) return std::nullopt;
  TagFields other = *fields;
  other.side = OtherSide(fields->side);
  return VerifiedTag{*fields, own, MintTag(*key, other)};
}

}  // namespace trunkline::relay
