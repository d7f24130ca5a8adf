#include "server/mtproto/handshake_crypto.h"

#include <gtest/gtest.h>

#include "common/crypto/sha.h"
#include "server/mtproto/inner_data.h"
#include "server/mtproto/pq.h"
#include "tests/common/vectors.h"
#include "tests/server/mtproto/handshake_rig.h"

namespace trunkline::mtproto {
namespace {

class HandshakeCryptoTest : public testing::Test {
 protected:
  const test::Vectors vectors_{"handshake.txt"};
  const NewNonce new_nonce_ = vectors_.Array<32>("new_nonce");
  const tl::Int128 server_nonce_ = vectors_.Array<16>("server_nonce");
  SeededEntropy entropy_{61};
};

TEST_F(HandshakeCryptoTest, TemporaryKeyAndFirstSalt) {
  const crypto::IgeKey key = TemporaryKey(new_nonce_, server_nonce_);
  EXPECT_EQ(test::Hex(key.key), test::Hex(vectors_["tmp_aes_key"]));
  EXPECT_EQ(test::Hex(key.iv), test::Hex(vectors_["tmp_aes_iv"]));
  EXPECT_EQ(FirstSalt(new_nonce_, server_nonce_),
            LoadLittle<std::int64_t>(vectors_["first_salt"].data()));
}

TEST_F(HandshakeCryptoTest, Hashes) {
  const auto aux = vectors_.Array<8>("aux_hash");
  EXPECT_EQ(test::Hex(NewNonceHash(new_nonce_, DhGen::kOk, aux)),
            test::Hex(vectors_["new_nonce_hash1"]));
  EXPECT_EQ(test::Hex(NewNonceHash(new_nonce_, DhGen::kRetry, aux)),
            test::Hex(vectors_["new_nonce_hash2"]));
  EXPECT_EQ(test::Hex(NewNonceHash(new_nonce_, DhGen::kFail, aux)),
            test::Hex(vectors_["new_nonce_hash3"]));
  EXPECT_EQ(test::Hex(ParamsFailHash(new_nonce_)), test::Hex(vectors_["params_fail_hash"]));
}

TEST_F(HandshakeCryptoTest, HashedPartPadsLessThanABlock) {
  const crypto::IgeKey key = TemporaryKey(new_nonce_, server_nonce_);
  for (std::size_t size = 1; size < 80; ++size) {
    const Bytes data(size, 3);
    const Bytes sealed = SealHashed(key, data, entropy_);
    EXPECT_LT(sealed.size() - 20 - size, 16u);
    const auto opened = OpenHashed(key, sealed);
    ASSERT_TRUE(opened && opened->Matches(size));
    EXPECT_EQ(opened->data_and_padding()[size - 1], 3);
    EXPECT_FALSE(opened->Matches(size - 1));
    EXPECT_FALSE(opened->Matches(size + 1000));
  }
}

// ---- RSA wrapping -------------------------------------------------------------------------------

InnerData SomeInner(Entropy& entropy) {
  InnerData inner{0x1234567890abcdef, 0x10000001, 0x1fffffff, {}, {}, {}, {}, {}};
  entropy.Fill(inner.nonce);
  entropy.Fill(inner.server_nonce);
  entropy.Fill(inner.new_nonce);
  return inner;
}

crypto::RsaBlock Decrypted(const crypto::RsaBlock& wrapped) {
  crypto::RsaBlock m;
  EXPECT_TRUE(TestRsaKey().Decrypt(wrapped, m));
  return m;
}

TEST_F(HandshakeCryptoTest, AllVariantsInBothForms) {
  for (const RsaForm form : {RsaForm::kPad, RsaForm::kLegacy}) {
    for (int variant = 0; variant < 4; ++variant) {
      InnerData inner = SomeInner(entropy_);
      if ((variant & 1) != 0) inner.dc = -10002;
      if ((variant & 2) != 0) inner.expires_in = 86400;
      const auto wrapped = WrapInner(SerialiseInner(inner), form, TestRsaPublicKey(), entropy_);
      const auto unwrapped = UnwrapInner(Decrypted(wrapped));
      ASSERT_TRUE(unwrapped.has_value()) << variant;
      EXPECT_EQ(unwrapped->pq, inner.pq);
      EXPECT_EQ(unwrapped->p, inner.p);
      EXPECT_EQ(unwrapped->q, inner.q);
      EXPECT_EQ(unwrapped->nonce, inner.nonce);
      EXPECT_EQ(unwrapped->server_nonce, inner.server_nonce);
      EXPECT_EQ(unwrapped->new_nonce, inner.new_nonce);
      EXPECT_EQ(unwrapped->dc, inner.dc);
      EXPECT_EQ(unwrapped->expires_in, inner.expires_in);
    }
  }
}

TEST_F(HandshakeCryptoTest, EveryFlippedBitUnderRsaIsNoticed) {
  const InnerData inner = SomeInner(entropy_);
  const Bytes data = SerialiseInner(inner);
  for (const RsaForm form : {RsaForm::kPad, RsaForm::kLegacy}) {
    const crypto::RsaBlock m = Decrypted(WrapInner(data, form, TestRsaPublicKey(), entropy_));
    // The older form hashes the object only: what follows it is free.
    const std::size_t checked = form == RsaForm::kPad ? m.size() : 21 + data.size();
    for (std::size_t bit = 0; bit < checked * 8; ++bit) {
      crypto::RsaBlock flipped = m;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << (bit % 8));
      ASSERT_FALSE(UnwrapInner(flipped).has_value()) << bit;
    }
  }
}

TEST_F(HandshakeCryptoTest, RandomBlocksUnwrapToNothing) {
  for (int i = 0; i < 2000; ++i) {
    crypto::RsaBlock m;
    entropy_.Fill(m);
    if (i % 2 == 0) m[0] = 0;
    ASSERT_FALSE(UnwrapInner(m).has_value());
  }
}

// The published layout, made here step by step and not by the code under test.
TEST_F(HandshakeCryptoTest, PadFormByHand) {
  const InnerData inner = SomeInner(entropy_);
  Bytes padded = SerialiseInner(inner);
  padded.resize(192, 0x5a);
  crypto::IgeKey key{};
  key.key.fill(0x77);
  const auto hash = crypto::Sha256({key.key, padded});
  Bytes with_hash(padded.rbegin(), padded.rend());
  with_hash.insert(with_hash.end(), hash.begin(), hash.end());
  Bytes encrypted(with_hash.size());
  crypto::IgeEncryptPortable(key, with_hash, encrypted);
  const auto mask = crypto::Sha256(encrypted);
  crypto::RsaBlock m;
  for (std::size_t i = 0; i < 32; ++i) m[i] = static_cast<std::uint8_t>(0x77 ^ mask[i]);
  std::copy(encrypted.begin(), encrypted.end(), m.begin() + 32);
  const auto unwrapped = UnwrapInner(m);
  ASSERT_TRUE(unwrapped.has_value());
  EXPECT_EQ(unwrapped->new_nonce, inner.new_nonce);
}

TEST_F(HandshakeCryptoTest, LegacyFormByHand) {
  const InnerData inner = SomeInner(entropy_);
  const Bytes data = SerialiseInner(inner);
  crypto::RsaBlock m{};
  const auto hash = crypto::Sha1(data);
  std::copy(hash.begin(), hash.end(), m.begin() + 1);
  std::copy(data.begin(), data.end(), m.begin() + 21);
  ASSERT_TRUE(UnwrapInner(m).has_value());
  m[0] = 1;  // 255 bytes by definition
  EXPECT_FALSE(UnwrapInner(m).has_value());
}

}  // namespace
}  // namespace trunkline::mtproto
