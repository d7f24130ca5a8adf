#include "common/crypto/password.h"

#include <gtest/gtest.h>

namespace trunkline::crypto {
namespace {

// Made by another implementation of scrypt (2^15, 8, 3).
constexpr char kPassword[] = "correct horse \xc3\xa9";
constexpr char kKept[] =
    "01000102030405060708090a0b0c0d0e0f"
    "eefd025afde36bbd0975c16d8f5a50004fc97e144f0e4ec13e06a727c01c7043";

TEST(Password, IsCheckedAsTheStandardSays) {
  const Bytes kept = FromHex(kKept);
  EXPECT_TRUE(IsPasswordHash(kept));
  EXPECT_TRUE(CheckPassword(kPassword, kept));
  EXPECT_FALSE(CheckPassword("correct horse", kept));
}

TEST(Password, HasASaltOfItsOwn) {
  SeededEntropy entropy(1);
  const Bytes one = HashPassword("0123456789", entropy);
  const Bytes two = HashPassword("0123456789", entropy);
  EXPECT_NE(one, two);
  EXPECT_TRUE(IsPasswordHash(one));
  EXPECT_TRUE(CheckPassword("0123456789", two));
}

TEST(Password, OfWhatIsNoHashThereIsNone) {
  Bytes kept = FromHex(kKept);
  kept[0] = 2;
  EXPECT_FALSE(IsPasswordHash(kept));
  EXPECT_FALSE(CheckPassword(kPassword, kept));
  kept[0] = 1;
  kept.pop_back();
  EXPECT_FALSE(IsPasswordHash(kept));
  EXPECT_FALSE(CheckPassword(kPassword, kept));
  EXPECT_FALSE(CheckPassword("", {}));
}

}  // namespace
}  // namespace trunkline::crypto
