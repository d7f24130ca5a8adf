#include "relay/tag.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/common/vectors.h"

namespace trunkline::relay {
namespace {

std::span<const std::uint8_t, kTagPrefixBytes> Prefix(const Tag& tag) {
  return std::span(tag).first<kTagPrefixBytes>();
}

TagKey CountingKey() {
  TagKey key;
  std::uint8_t next = 0;
  for (std::uint8_t& byte : key.mutable_view()) byte = next++;
  return key;
}

struct Row {
  const char* name;
  TagFields fields;
};
constexpr Row kRows[] = {
    {"plain.caller", {0, false, false, Side::kCaller, 0x6d5c, 0x01020304}},
    {"plain.callee", {0, false, false, Side::kCallee, 0x6d5c, 0x01020304}},
    {"p2p.caller", {5, false, true, Side::kCaller, 0xffff, 0xfffffffe}},
    {"p2p.callee", {5, false, true, Side::kCallee, 0xffff, 0xfffffffe}},
    {"special.caller", {7, true, false, Side::kCaller, 0, 0}},
};

TEST(TagTest, VectorsBothWays) {
  const test::Vectors vectors("relay_tag.txt");
  for (const Row& row : kRows) {
    const Tag tag = vectors.Array<kTagBytes>(row.name);
    EXPECT_EQ(test::Hex(MintTag(CountingKey(), row.fields)), test::Hex(tag)) << row.name;
    EXPECT_EQ(ParseTag(Prefix(tag)), row.fields) << row.name;
  }
}

TEST(TagTest, KeysAreDerivedForOneRelayAndOneKeyId) {
  const test::Vectors vectors("relay_tag.txt");
  const TagKey zero = DeriveTagKey(AsBytes("north"), 7, 0);
  const TagKey three = DeriveTagKey(AsBytes("north"), 7, 3);
  EXPECT_EQ(test::Hex(zero.view()), test::Hex(vectors["derived.0"]));
  EXPECT_EQ(test::Hex(three.view()), test::Hex(vectors["derived.3"]));
  EXPECT_EQ(test::Hex(MintTag(three, {.key_id = 3, .expiry_slot = 1, .nonce = 42})),
            test::Hex(vectors["derived.tag"]));
  EXPECT_FALSE(DeriveTagKey(AsBytes("north"), 8, 0) == zero);
  EXPECT_FALSE(DeriveTagKey(AsBytes("south"), 7, 0) == zero);
}

TEST(TagTest, OneSidesTagLeadsToTheOthers) {
  const test::Vectors vectors("relay_tag.txt");
  KeyRing ring;
  ring.Set(0, CountingKey());
  const KeyRingVerifier verifier(ring);
  const Tag caller = vectors.Array<kTagBytes>("plain.caller");
  const Tag callee = vectors.Array<kTagBytes>("plain.callee");
  const auto by_caller = verifier.Verify(Prefix(caller));
  const auto by_callee = verifier.Verify(Prefix(callee));
  ASSERT_TRUE(by_caller && by_callee);
  EXPECT_EQ(by_caller->own, caller);
  EXPECT_EQ(by_caller->other, callee);
  EXPECT_EQ(by_callee->own, callee);
  EXPECT_EQ(by_callee->other, caller);
  EXPECT_EQ(CallKeyOf(caller.data()), CallKeyOf(callee.data()));
  EXPECT_EQ(NonceOf(CallKeyOf(caller.data())), 0x01020304u);
}

TEST(TagTest, EveryFlippedBitOfThePrefixIsAForgery) {
  KeyRing ring;
  for (std::uint8_t id = 0; id < kTagKeyIds; ++id) ring.Set(id, CountingKey());
  const KeyRingVerifier verifier(ring);
  const Tag good = MintTag(CountingKey(), {.key_id = 2, .expiry_slot = 5, .nonce = 9});
  ASSERT_TRUE(verifier.Verify(Prefix(good)));
  for (std::size_t bit = 0; bit < kTagPrefixBytes * 8; ++bit) {
    Tag bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(verifier.Verify(Prefix(bad))) << bit;
  }
}

TEST(TagTest, RotationOverlapsAndEnds) {
  const TagKey old_key = CountingKey(), new_key = DeriveTagKey(AsBytes("north"), 1, 1);
  const Tag by_old = MintTag(old_key, {.key_id = 0, .nonce = 1});
  const Tag by_new = MintTag(new_key, {.key_id = 1, .nonce = 1});
  const auto good = [](const KeyRing& ring, const Tag& tag) {
    return KeyRingVerifier(ring).Verify(Prefix(tag)).has_value();
  };
  KeyRing ring;
  EXPECT_FALSE(good(ring, by_old));
  ring.Set(0, old_key);
  EXPECT_TRUE(good(ring, by_old));
  EXPECT_FALSE(good(ring, by_new));
  ring.Set(1, new_key);
  EXPECT_TRUE(good(ring, by_old));
  EXPECT_TRUE(good(ring, by_new));
  ring.Remove(0);
  EXPECT_FALSE(good(ring, by_old));
  EXPECT_TRUE(good(ring, by_new));
}

TEST(TagTest, ExpirySlotsWrap) {
  struct Cell {
    std::int64_t now_slot, expiry_slot;
    bool expired;
  };
  constexpr Cell kCells[] = {
      {1000, 1000, false},      {1001, 1000, true},       {999, 1000, false},
      {0x1ffff, 0x0000, false}, {0x1ffff, 0x7ffe, false}, {0x1ffff, 0x7fff, true},
      {0x20000, 0xffff, true},  {0x20000, 0x0000, false}, {0x20000, 0x8000, true},
  };
  for (const Cell& cell : kCells) {
    for (const std::int64_t within : {0, 63}) {
      const WallTime now = FromUnixSeconds(cell.now_slot * kTagSlotSeconds + within);
      EXPECT_EQ(TagExpired(static_cast<std::uint16_t>(cell.expiry_slot), now), cell.expired)
          << cell.now_slot << " " << cell.expiry_slot;
    }
  }
}

TEST(TagTest, NeverLooksLikeStun) {
  Tag tag = MintTag(CountingKey(), {});
  for (int first = 0; first < 0xc0; ++first) {
    tag[0] = static_cast<std::uint8_t>(first);
    EXPECT_FALSE(ParseTag(Prefix(tag))) << first;
  }
}

}  // namespace
}  // namespace trunkline::relay
