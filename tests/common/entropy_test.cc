#include "common/entropy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace trunkline {
namespace {

TEST(EntropyTest, SeededRepeatsAndSystemDoesNot) {
  SeededEntropy a(1), b(1), c(2);
  const std::uint64_t first = a.U64();
  EXPECT_EQ(first, b.U64());
  EXPECT_NE(first, c.U64());
  EXPECT_NE(first, a.U64());
  SystemEntropy system, other;
  EXPECT_NE(system.U64(), system.U64());
  EXPECT_NE(system.U64(), other.U64());
}

// Draws of all sizes, across the pool's edge: every byte is written, none is given twice.
TEST(EntropyTest, SystemFillsEverySize) {
  SystemEntropy entropy;
  std::set<Bytes> seen;
  for (std::size_t size = 8; size <= 600; ++size) {
    Bytes bytes(size + 2, 0);
    entropy.Fill(ByteSpan(bytes).subspan(1, size));
    EXPECT_EQ(bytes.front(), 0);
    EXPECT_EQ(bytes.back(), 0);
    for (std::size_t at = 1; at + 8 <= size; at += 8) {
      const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      EXPECT_TRUE(seen.insert(Bytes(from, from + 8)).second);
    }
  }
}

TEST(EntropyTest, SeededFillsAnySizeWithOneStreamPerCall) {
  for (std::size_t size = 0; size < 40; ++size) {
    SeededEntropy a(3), b(3);
    Bytes longer(40), shorter(size);
    a.Fill(longer);
    b.Fill(shorter);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  }
}

}  // namespace
}  // namespace trunkline
