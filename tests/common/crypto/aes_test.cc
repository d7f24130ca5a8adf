#include "common/crypto/aes.h"

#include <gtest/gtest.h>

#include "common/entropy.h"
#include "tests/common/vectors.h"

namespace trunkline::crypto {
namespace {

IgeKey RandomKey(Entropy& entropy) {
  IgeKey key;
  entropy.Fill(key.key);
  entropy.Fill(key.iv);
  return key;
}

Bytes RandomBytes(Entropy& entropy, std::size_t size) {
  Bytes bytes(size);
  entropy.Fill(bytes);
  return bytes;
}

using IgeFunction = void (*)(const IgeKey&, ByteView, ByteSpan);

TEST(IgeTest, BothImplementationsMatchTheVectorsBothWays) {
  const test::Vectors vectors("message.txt");
  for (const std::string side : {"to_server.", "to_client."}) {
    const IgeKey key{vectors.Array<32>(side + "aes_key"), vectors.Array<32>(side + "aes_iv")};
    const Bytes& plain = vectors["plaintext"];
    const Bytes& cipher = vectors[side + "ciphertext"];
    Bytes out(plain.size());
    for (const IgeFunction encrypt : {IgeEncrypt, IgeEncryptPortable}) {
      encrypt(key, plain, out);
      EXPECT_EQ(test::Hex(out), test::Hex(cipher));
    }
    for (const IgeFunction decrypt : {IgeDecrypt, IgeDecryptPortable}) {
      decrypt(key, cipher, out);
      EXPECT_EQ(test::Hex(out), test::Hex(plain));
    }
  }
}

TEST(IgeTest, ImplementationsAgreeOnEveryLengthAndInPlace) {
  if (!IgeHardwareAvailable()) GTEST_SKIP() << "no AES instructions here";
  SeededEntropy entropy(1);
  for (std::size_t size = 0; size <= 1040; size += 16) {
    const IgeKey key = RandomKey(entropy);
    const Bytes plain = RandomBytes(entropy, size);
    Bytes portable(size);
    IgeEncryptPortable(key, plain, portable);
    Bytes fast = plain;
    IgeEncrypt(key, fast, fast);
    ASSERT_EQ(fast, portable) << size;
    IgeDecryptPortable(key, portable, portable);
    ASSERT_EQ(portable, plain) << size;
    IgeDecrypt(key, fast, fast);
    ASSERT_EQ(fast, plain) << size;
  }
}

TEST(IgeTest, OneBitOfCiphertextGarblesAllThatFollows) {
  SeededEntropy entropy(2);
  const IgeKey key = RandomKey(entropy);
  const Bytes plain = RandomBytes(entropy, 64);
  Bytes cipher(64);
  IgeEncrypt(key, plain, cipher);
  cipher[17] ^= 1;
  IgeDecrypt(key, cipher, cipher);
  EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 16, cipher.begin()));
  for (std::size_t at = 16; at < 64; at += 16) {
    const auto from = static_cast<std::ptrdiff_t>(at);
    EXPECT_FALSE(
        std::equal(plain.begin() + from, plain.begin() + from + 16, cipher.begin() + from));
  }
}

TEST(CtrTest, MatchesThePublishedVector) {
  const test::Vectors vectors("hash.txt");
  AesCtr stream(vectors.Array<32>("ctr.key"), vectors.Array<16>("ctr.iv"));
  Bytes bytes = vectors["ctr.plain"];
  stream.Apply(bytes);
  EXPECT_EQ(test::Hex(bytes), test::Hex(vectors["ctr.cipher"]));
}

TEST(CtrTest, AnySplitGivesTheSameStreamAndTheCounterCarries) {
  SeededEntropy entropy(3);
  std::array<std::uint8_t, 32> key;
  entropy.Fill(key);
  std::array<std::uint8_t, 16> iv;
  iv.fill(0xff);  // the first block's increment carries through all 16 bytes
  iv[15] = 0xfd;
  Bytes whole(1000, 0);
  AesCtr(key, iv).Apply(whole);

  // Blocks 0..2 have counters ..fd, ..fe, ..ff; block 3 has the counter 0.
  Bytes from_zero(16, 0);
  AesCtr(key, std::array<std::uint8_t, 16>{}).Apply(from_zero);
  EXPECT_TRUE(std::equal(from_zero.begin(), from_zero.end(), whole.begin() + 48));

  for (int round = 0; round < 200; ++round) {
    Bytes pieces(whole.size(), 0);
    AesCtr stream(key, iv);
    for (std::size_t at = 0; at < pieces.size();) {
      const std::size_t step = std::min<std::size_t>(pieces.size() - at, entropy.U64() % 70);
      stream.Apply(ByteSpan(pieces).subspan(at, step));
      at += step;
    }
    ASSERT_EQ(pieces, whole);
  }
}

}  // namespace
}  // namespace trunkline::crypto
