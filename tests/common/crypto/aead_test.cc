#include "common/crypto/aead.h"

#include <gtest/gtest.h>

namespace trunkline::crypto {
namespace {

struct Sealed {
  Bytes key, nonce, associated, plain, sealed;
};

// The 256-bit cases 13, 14 and 16 of the paper that defines GCM.
std::vector<Sealed> Published() {
  return {{Bytes(32), Bytes(12), {}, {}, FromHex("530f8afbc74536b9a963b4f1c4cb738b")},
          {Bytes(32),
           Bytes(12),
           {},
           Bytes(16),
           FromHex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")},
          {FromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
           FromHex("cafebabefacedbaddecaf888"), FromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
           FromHex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                   "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
           FromHex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                   "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                   "76fc6ece0f4e1768cddf8853bb2d551b")}};
}

GcmKey KeyOf(const Sealed& one) {
  return GcmKey(one.key.data(), kGcmKeyBytes);
}
GcmNonce NonceOf(const Sealed& one) {
  return GcmNonce(one.nonce.data(), kGcmNonceBytes);
}

TEST(AeadTest, PublishedCases) {
  for (const Sealed& one : Published()) {
    EXPECT_EQ(GcmSeal(KeyOf(one), NonceOf(one), one.associated, one.plain), one.sealed);
    EXPECT_EQ(GcmOpen(KeyOf(one), NonceOf(one), one.associated, one.sealed), one.plain);
  }
}

TEST(AeadTest, AnyBitThatDiffersKeepsItShut) {
  for (const Sealed& whole : Published()) {
    for (Bytes Sealed::*part :
         {&Sealed::key, &Sealed::nonce, &Sealed::associated, &Sealed::sealed}) {
      for (std::size_t at = 0; at < (whole.*part).size(); ++at) {
        Sealed one = whole;
        (one.*part)[at] ^= 0x10;
        EXPECT_FALSE(GcmOpen(KeyOf(one), NonceOf(one), one.associated, one.sealed)) << at;
      }
    }
    for (std::size_t size = 0; size < whole.sealed.size(); ++size) {
      EXPECT_FALSE(GcmOpen(KeyOf(whole), NonceOf(whole), whole.associated,
                           ByteView(whole.sealed).first(size)));
    }
  }
}

}  // namespace
}  // namespace trunkline::crypto
