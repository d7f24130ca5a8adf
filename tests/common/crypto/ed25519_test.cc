#include "common/crypto/ed25519.h"

#include <gtest/gtest.h>

namespace trunkline::crypto {
namespace {

Ed25519Seed SeedOf(std::string_view hex) {
  const Bytes bytes = FromHex(hex);
  return Ed25519Seed(std::span(bytes).first<32>());
}

// RFC 8032, section 7.1, tests 1 and 2.
TEST(Ed25519, SignsAsTheStandardSays) {
  const Ed25519Seed first =
      SeedOf("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  EXPECT_EQ(ToHex(PublicKeyOf(first)),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(ToHex(Ed25519Sign(first, {})),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e"
            "39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  const Ed25519Seed second =
      SeedOf("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  EXPECT_EQ(ToHex(Ed25519Sign(second, FromHex("72"))),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f"
            "3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519, AnotherMessageKeyOrSignatureIsRefused) {
  const Ed25519Seed seed =
      SeedOf("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const Ed25519PublicKey key = PublicKeyOf(seed);
  Ed25519Signature signature = Ed25519Sign(seed, AsBytes("receipt"));
  EXPECT_TRUE(Ed25519Verify(key, AsBytes("receipt"), signature));
  EXPECT_FALSE(Ed25519Verify(key, AsBytes("receipt "), signature));
  Ed25519PublicKey other = key;
  other[0] ^= 1;
  EXPECT_FALSE(Ed25519Verify(other, AsBytes("receipt"), signature));
  signature[63] ^= 1;
  EXPECT_FALSE(Ed25519Verify(key, AsBytes("receipt"), signature));
}

}  // namespace
}  // namespace trunkline::crypto
