#include "server/mtproto/pq.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace trunkline::mtproto {
namespace {

TEST(PqTest, PrimesAgreeWithASieve) {
  std::vector<bool> composite(100'000);
  composite[0] = composite[1] = true;
  for (std::size_t i = 2; i * i < composite.size(); ++i) {
    for (std::size_t j = i * i; j < composite.size() && !composite[i]; j += i) composite[j] = true;
  }
  for (std::uint32_t n = 0; n < composite.size(); ++n) ASSERT_EQ(IsPrime(n), !composite[n]) << n;
}

TEST(PqTest, LargeNumbersAndPseudoprimes) {
  EXPECT_TRUE(IsPrime(4294967291u));  // the largest below 2^32
  EXPECT_FALSE(IsPrime(4294967295u));
  EXPECT_TRUE(IsPrime(2147483647u));
  // Strong pseudoprimes: to base 2; to 2, 3, 5; to 2, 7.
  for (const std::uint32_t n : {3215031751u, 25326001u, 314821u, 1194649u, 12327121u}) {
    EXPECT_FALSE(IsPrime(n)) << n;
  }
}

TEST(PqTest, DrawsAreWhatClientsAssume) {
  SeededEntropy entropy(41);
  const PqPool pool(entropy);
  std::set<std::uint64_t> products;
  for (int i = 0; i < 500; ++i) {
    const Pq pq = pool.Draw(entropy);
    ASSERT_LT(pq.p, pq.q);
    ASSERT_TRUE(IsPrime(pq.p) && IsPrime(pq.q));
    ASSERT_TRUE(pq.p > kPqPrimeMin && pq.q < kPqPrimeMax);
    ASSERT_EQ(BigEndian(pq.product()).view().size(), 8u);
    ASSERT_EQ(BigEndian(pq.p).view().size(), 4u);
    ASSERT_EQ(BigEndian(pq.q).view().size(), 4u);
    ASSERT_LT(pq.product(), std::uint64_t{1} << 63);
    products.insert(pq.product());
  }
  EXPECT_GT(products.size(), 350u);
}

TEST(PqTest, FactoriseFindsWhatWasDrawn) {
  SeededEntropy entropy(42);
  for (int i = 0; i < 50; ++i) {
    const PqPool pool(entropy);
    const Pq pq = pool.Draw(entropy);
    const auto found = Factorise(pq.product(), entropy.U64());
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->p, pq.p);
    EXPECT_EQ(found->q, pq.q);
  }
}

TEST(PqTest, FactoriseOtherNumbers) {
  const auto small = Factorise(15, 1);
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ(small->p, 3u);
  EXPECT_EQ(small->q, 5u);
  const auto large = Factorise(std::uint64_t{2147483647u} * 2147483629u, 1);
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->q, 2147483647u);
  for (const std::uint64_t none : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7},
                                   std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    EXPECT_FALSE(Factorise(none, 1).has_value()) << none;
  }
}

TEST(PqTest, BigEndianNumbers) {
  using namespace std::string_view_literals;
  EXPECT_EQ(ReadBigEndian(""), 0u);
  EXPECT_EQ(ReadBigEndian("\0\0"sv), 0u);
  EXPECT_EQ(ReadBigEndian("\x01\x02"sv), 0x102u);
  EXPECT_EQ(ReadBigEndian("\0\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff"sv), 0x1ffffffffffffffu);
  EXPECT_EQ(ReadBigEndian("\x01\0\0\0\0\0\0\0\0"sv), std::nullopt);
  EXPECT_EQ(BigEndian(0x102).view(), "\x01\x02"sv);
  EXPECT_EQ(BigEndian(~std::uint64_t{0}).view(), "\xff\xff\xff\xff\xff\xff\xff\xff"sv);
}

}  // namespace
}  // namespace trunkline::mtproto
