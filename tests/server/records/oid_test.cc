#include "server/records/oid.h"

#include <gtest/gtest.h>

#include <string>

#include "common/ids.h"

namespace trunkline::records {
namespace {

// M-01, M-02: there and back without a look-up, whatever the sign.
TEST(OidTest, ACallsIdNamesItsMtprotoId) {
  for (const std::int64_t id :
       {std::int64_t{1}, std::int64_t{-4156887774564}, INT64_MAX, INT64_MIN, std::int64_t{0}}) {
    const Oid oid = Oid::OfCall(0x64f0a1b2'000, CallId(id));
    EXPECT_EQ(oid.call(), CallId(id));
    EXPECT_EQ(oid.Hex().size(), Oid::kDigits);
    EXPECT_EQ(Oid::Parse(oid.Hex()), oid);
  }
  EXPECT_EQ(Oid::OfCall(std::int64_t{0x64f0a1b2} * 1000 + 999, CallId(-1)).Hex(),
            "64f0a1b2ffffffffffffffff");
  EXPECT_EQ(Oid::OfUser(UserId(10)).Hex(), "00000000000000000000000a");
}

// M-04
TEST(OidTest, ReadsBothCasesAndNothingElse) {
  EXPECT_EQ(Oid::Parse("64F0A1B2C3D4E5F6A7B8CB00"), Oid::Parse("64f0a1b2c3d4e5f6a7b8cb00"));
  for (const char* other : {"", "64f0a1b2c3d4e5f6a7b8cb0", "64f0a1b2c3d4e5f6a7b8cb000",
                            "64f0a1b2c3d4e5f6a7b8cb0g", "0x64f0a1b2c3d4e5f6a7b8cb"}) {
    EXPECT_EQ(Oid::Parse(other), std::nullopt) << other;
  }
  EXPECT_EQ(Oid::Parse(std::string(24, '\0')), std::nullopt);
}

TEST(OidTest, ASourceNeverRepeatsItself) {
  OidSource source(1, 2);
  const Oid first = source.Next(5'000), second = source.Next(5'000);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.created_s(), 5u);
  EXPECT_EQ(first.Hex(), "000000050001000200000000");
  EXPECT_EQ(second.Hex(), "000000050001000200000001");
  EXPECT_NE(OidSource(1, 3).Next(5'000), first);
}

}  // namespace
}  // namespace trunkline::records
