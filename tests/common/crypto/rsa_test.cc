#include "common/crypto/rsa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "common/entropy.h"
#include "tests/paths.h"

namespace trunkline::crypto {
namespace {

const RsaPrivateKey& Key() {
  static const RsaPrivateKey key = RsaPrivateKey::Generate().value();
  return key;
}

RsaBlock RandomBelowN(Entropy& entropy) {
  RsaBlock block;
  entropy.Fill(block);
  block[0] &= 0x7f;  // n has its top bit set
  return block;
}

TEST(RsaTest, FingerprintHasNoLeadingZeroDigit) {
  EXPECT_NE(Key().fingerprint() >> 60, 0u);
}

TEST(RsaTest, PemRoundTrip) {
  const std::string public_pem = Key().PublicPem();
  EXPECT_TRUE(public_pem.starts_with("-----BEGIN RSA PUBLIC KEY-----\n")) << public_pem;
  const auto public_key = RsaPublicKey::FromPem(public_pem);
  ASSERT_TRUE(public_key.ok()) << public_key.status();
  EXPECT_EQ(public_key->fingerprint(), Key().fingerprint());

  const auto private_key = RsaPrivateKey::FromPem(Key().PrivatePem());
  ASSERT_TRUE(private_key.ok()) << private_key.status();
  EXPECT_EQ(private_key->fingerprint(), Key().fingerprint());
  EXPECT_EQ(private_key->PublicPem(), public_pem);
}

TEST(RsaTest, DecryptUndoesEncryptAlsoWithLeadingZeros) {
  SeededEntropy entropy(7);
  const auto public_key = RsaPublicKey::FromPem(Key().PublicPem()).value();
  for (int i = 0; i < 8; ++i) {
    RsaBlock plain = RandomBelowN(entropy);
    std::fill_n(plain.begin(), i, std::uint8_t{0});
    RsaBlock cipher, back;
    ASSERT_TRUE(public_key.Encrypt(plain, cipher));
    EXPECT_NE(cipher, plain);
    ASSERT_TRUE(Key().Decrypt(cipher, back));
    EXPECT_EQ(back, plain);
  }
}

TEST(RsaTest, NumbersNotBelowNAreRefused) {
  RsaBlock big, out;
  big.fill(0xff);
  EXPECT_FALSE(Key().Decrypt(big, out));
  EXPECT_FALSE(RsaPublicKey::FromPem(Key().PublicPem())->Encrypt(big, out));
}

std::string FileText(const std::string& name) {
  std::ifstream in(std::string(TRUNKLINE_SOURCE_DIR) + "/tests/vectors/" + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

// One key in both forms; its fingerprint was computed apart from this code.
TEST(RsaTest, FingerprintOfAKnownKeyInBothForms) {
  for (const char* name : {"rsa_2048_pkcs1.pem", "rsa_2048_spki.pem"}) {
    const auto key = RsaPublicKey::FromPem(FileText(name));
    ASSERT_TRUE(key.ok()) << name << key.status();
    EXPECT_EQ(key->fingerprint(), 0x0b862d2f2ae53fe3u) << name;
  }
}

TEST(RsaTest, RefusesWhatIsNoKeyOrTooShortAKey) {
  EXPECT_FALSE(RsaPublicKey::FromPem("").ok());
  EXPECT_FALSE(RsaPrivateKey::FromPem("").ok());
  EXPECT_FALSE(RsaPrivateKey::FromPem(Key().PublicPem()).ok());
  EXPECT_FALSE(RsaPublicKey::FromPem(FileText("rsa_1024_spki.pem")).ok());
  std::string cut = Key().PublicPem();
  cut.resize(cut.size() / 2);
  EXPECT_FALSE(RsaPublicKey::FromPem(cut).ok());
}

}  // namespace
}  // namespace trunkline::crypto
