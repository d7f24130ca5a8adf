#include "common/crypto/dh.h"

#include <gtest/gtest.h>

#include "common/crypto/sha.h"
#include "tests/common/vectors.h"

namespace trunkline::crypto {
namespace {

DhSecret SecretOf(std::uint64_t low) {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[31 - i] = static_cast<std::uint8_t>(low >> (8 * i));
  return DhSecret(bytes);
}

// Gives chosen bytes for the first draws, then a seeded stream.
class ScriptedEntropy final : public Entropy {
 public:
  explicit ScriptedEntropy(std::vector<DhSecret> draws) : draws_(std::move(draws)) {}
  void Fill(ByteSpan out) override {
    if (next_ < draws_.size()) {
      const auto view = draws_[next_++].view();
      ASSERT_EQ(out.size(), view.size());
      std::copy(view.begin(), view.end(), out.begin());
    } else {
      rest_.Fill(out);
    }
  }
  std::size_t used() const { return next_; }

 private:
  std::vector<DhSecret> draws_;
  std::size_t next_ = 0;
  SeededEntropy rest_{4};
};

DhNumber Three() {
  DhNumber three{};
  three[255] = 3;
  return three;
}

TEST(DhTest, ThePrimeIsTheWellKnownOne) {
  const test::Vectors vectors("handshake.txt");
  EXPECT_EQ(test::Hex(Sha256(DhPrime())), test::Hex(vectors["dh_prime_sha256"]));
}

TEST(DhTest, TableAgreesWithTheGeneralPower) {
  SeededEntropy entropy(5);
  for (int i = 0; i < 50; ++i) {
    const DhPair pair = MakeDhPair(entropy);
    EXPECT_EQ(test::Hex(DhShared(Three(), pair.secret).view()), test::Hex(pair.public_value));
  }
}

TEST(DhTest, TableAgreesOnWindowsOfOnesAndZeros) {
  std::array<std::uint8_t, 32> bytes;
  for (const int fill : {0xff, 0xf0, 0x0f, 0x80, 0x01}) {
    bytes.fill(static_cast<std::uint8_t>(fill));
    ScriptedEntropy entropy({DhSecret(bytes)});
    const DhPair pair = MakeDhPair(entropy);
    EXPECT_EQ(entropy.used(), 1u);
    EXPECT_EQ(test::Hex(DhShared(Three(), DhSecret(bytes)).view()), test::Hex(pair.public_value));
  }
}

TEST(DhTest, BothSidesAgree) {
  SeededEntropy entropy(6);
  for (int i = 0; i < 20; ++i) {
    const DhPair a = MakeDhPair(entropy);
    const DhPair b = MakeDhPair(entropy);
    EXPECT_NE(a.public_value, b.public_value);
    EXPECT_EQ(DhShared(a.public_value, b.secret), DhShared(b.public_value, a.secret));
  }
}

TEST(DhTest, DrawsAgainWhileThePublicValueIsOutOfRange) {
  // 3^5 = 243 is far below 2^1984.
  ScriptedEntropy entropy({SecretOf(5), SecretOf(0)});
  const DhPair pair = MakeDhPair(entropy);
  EXPECT_EQ(entropy.used(), 2u);
  EXPECT_TRUE(DhPublicInRange(pair.public_value));
}

TEST(DhTest, SharedKeyIsLeftPaddedAndTakesShortNumbers) {
  const Bytes three{3};
  const AuthKey key = DhShared(three, SecretOf(5));
  DhNumber expected{};
  expected[255] = 243;
  EXPECT_EQ(test::Hex(key.view()), test::Hex(expected));
}

TEST(DhTest, RangeBounds) {
  DhNumber low{};
  low[7] = 1;  // 2^1984
  EXPECT_TRUE(DhPublicInRange(low));
  EXPECT_TRUE(DhPublicInRange(ByteView(low).subspan(7)));
  DhNumber below{};
  std::fill(below.begin() + 8, below.end(), std::uint8_t{0xff});  // 2^1984 - 1
  EXPECT_FALSE(DhPublicInRange(below));
  EXPECT_FALSE(DhPublicInRange(ByteView(below).subspan(8)));

  DhNumber high = DhPrime();  // p - 2^1984; byte 7 of p isn't 0
  ASSERT_NE(high[7], 0);
  --high[7];
  EXPECT_TRUE(DhPublicInRange(high));
  ++high[255];
  EXPECT_FALSE(DhPublicInRange(high));

  EXPECT_FALSE(DhPublicInRange(DhPrime()));
  EXPECT_FALSE(DhPublicInRange({}));
  EXPECT_FALSE(DhPublicInRange(Bytes{1}));
  EXPECT_FALSE(DhPublicInRange(Bytes(256, 0xff)));
  Bytes longer(257, 0);
  longer[10] = 1;
  EXPECT_FALSE(DhPublicInRange(longer));
}

}  // namespace
}  // namespace trunkline::crypto
