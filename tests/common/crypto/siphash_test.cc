#include "common/crypto/siphash.h"

#include <gtest/gtest.h>

#include <numeric>

#include "common/crypto/sha.h"
#include "tests/common/vectors.h"

namespace trunkline::crypto {
namespace {

TEST(SipHashTest, EveryReferenceVector) {
  const test::Vectors vectors("siphash.txt");
  Bytes counting(64);
  std::iota(counting.begin(), counting.end(), std::uint8_t{0});
  const std::span<const std::uint8_t, 16> key(counting.data(), 16);
  for (std::size_t size = 0; size < counting.size(); ++size) {
    EXPECT_EQ(test::Hex(SipHash128(key, ByteView(counting).first(size))),
              test::Hex(vectors[std::to_string(size)]))
        << size;
  }
}

TEST(HkdfTest, PublishedOutputs) {
  const test::Vectors vectors("siphash.txt");
  Bytes out(42);
  HkdfSha256(vectors["hkdf1.secret"], vectors["hkdf1.salt"], vectors["hkdf1.info"], out);
  EXPECT_EQ(test::Hex(out), test::Hex(vectors["hkdf1.out"]));
  HkdfSha256(vectors["hkdf1.secret"], {}, {}, out);
  EXPECT_EQ(test::Hex(out), test::Hex(vectors["hkdf3.out"]));
}

}  // namespace
}  // namespace trunkline::crypto
