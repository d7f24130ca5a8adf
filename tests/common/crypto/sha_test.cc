#include "common/crypto/sha.h"

#include <gtest/gtest.h>

#include "tests/common/vectors.h"

namespace trunkline::crypto {
namespace {

TEST(ShaTest, PublishedDigestsInOneOrMorePieces) {
  const test::Vectors vectors("hash.txt");
  const ByteView abc = AsBytes("abc");
  EXPECT_EQ(test::Hex(Sha1(abc)), test::Hex(vectors["abc.sha1"]));
  EXPECT_EQ(test::Hex(Sha256(abc)), test::Hex(vectors["abc.sha256"]));
  EXPECT_EQ(Sha1({abc.first(1), {}, abc.subspan(1)}), Sha1(abc));
  EXPECT_EQ(Sha256({abc.first(2), {}, abc.subspan(2)}), Sha256(abc));
  EXPECT_NE(Sha256({abc.subspan(1), abc.first(1)}), Sha256(abc));
}

TEST(ShaTest, Hmac) {
  const test::Vectors vectors("hash.txt");
  for (const std::string name : {"hmac2", "hmac4", "hmac6"}) {
    EXPECT_EQ(test::Hex(HmacSha256(vectors[name + ".key"], vectors[name + ".message"])),
              test::Hex(vectors[name + ".digest"]))
        << name;
  }
  for (const std::string name : {"hmac_sha1_2", "hmac_sha1_6"}) {
    EXPECT_EQ(test::Hex(HmacSha1(vectors[name + ".key"], vectors[name + ".message"])),
              test::Hex(vectors[name + ".digest"]))
        << name;
  }
}

}  // namespace
}  // namespace trunkline::crypto
