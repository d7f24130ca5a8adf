// gzip_packed's contents: there and back, the two forms that clients send, and what is refused.
#include "common/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "common/bytes.h"
#include "common/entropy.h"

namespace trunkline {
namespace {

TEST(GzipTest, RoundTrip) {
  Gzip gzip;
  SeededEntropy entropy(9);
  for (const std::size_t size : {100u, 1025u, 40000u, 3000000u}) {
    Bytes plain(size);
    entropy.Fill(ByteSpan(plain).first(size / 3));
    Bytes packed;
    Bytes again;
    ASSERT_TRUE(gzip.Deflate(plain, packed));
    EXPECT_LT(packed.size(), plain.size());
    EXPECT_EQ(packed[0], 0x1f);
    EXPECT_EQ(packed[1], 0x8b);
    ASSERT_TRUE(gzip.Inflate(packed, again)) << size;
    EXPECT_EQ(again, plain);
  }
}

TEST(GzipTest, NoiseIsNotPacked) {
  Gzip gzip;
  Bytes noise(2000);
  SeededEntropy(3).Fill(noise);
  Bytes packed;
  EXPECT_FALSE(gzip.Deflate(noise, packed));
  EXPECT_FALSE(gzip.Deflate({}, packed));
}

TEST(GzipTest, TakesZlibToo) {
  const Bytes plain(500, 7);
  Bytes packed(200);
  uLongf size = packed.size();
  ASSERT_EQ(compress(packed.data(), &size, plain.data(), plain.size()), Z_OK);
  packed.resize(size);
  EXPECT_EQ(packed[0], 0x78);
  Gzip gzip;
  Bytes again;
  ASSERT_TRUE(gzip.Inflate(packed, again));
  EXPECT_EQ(again, plain);
}

TEST(GzipTest, RefusesDamageCutsSurplusAndBombs) {
  Gzip gzip;
  Bytes plain(3000);
  SeededEntropy(4).Fill(ByteSpan(plain).first(1000));
  Bytes packed;
  Bytes out;
  ASSERT_TRUE(gzip.Deflate(plain, packed));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(gzip.Inflate(ByteView(packed).first(size), out)) << size;
  }
  Bytes longer = packed;
  longer.push_back(0);
  EXPECT_FALSE(gzip.Inflate(longer, out));
  EXPECT_TRUE(out.empty());
  Bytes damaged = packed;
  damaged[damaged.size() / 2] ^= 0x10;
  EXPECT_FALSE(gzip.Inflate(damaged, out));

  ASSERT_TRUE(gzip.Deflate(Bytes(kInflatedBytesMax / 2), packed));  // zeros: a thousand to one
  EXPECT_FALSE(gzip.Inflate(packed, out));
  EXPECT_LE(out.size(), kInflatedBytesMax);
  ASSERT_TRUE(gzip.Deflate(Bytes(kInflateRatioFloor - 1), packed));  // small ones may
  EXPECT_TRUE(gzip.Inflate(packed, out));

  Bytes large(kInflatedBytesMax + 1000);  // honest ratio, too large
  for (std::size_t at = 0; at < large.size(); at += 64)
    StoreLittle(large.data() + at, at * 0x9e3779b97f4a7c15u);
  Bytes deflated(large.size());
  uLongf size = deflated.size();
  ASSERT_EQ(compress(deflated.data(), &size, large.data(), large.size()), Z_OK);
  EXPECT_FALSE(gzip.Inflate(ByteView(deflated).first(size), out));
}

TEST(GzipTest, ACallerMayAllowLess) {
  Gzip gzip;
  Bytes packed;
  Bytes out;
  ASSERT_TRUE(gzip.Deflate(Bytes(5000, 7), packed));
  EXPECT_TRUE(gzip.Inflate(packed, out, 5000));
  EXPECT_EQ(out, Bytes(5000, 7));
  EXPECT_FALSE(gzip.Inflate(packed, out, 4999));
  EXPECT_FALSE(gzip.Inflate(packed, out, 0));
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace trunkline
