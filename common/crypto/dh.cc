#include "common/crypto/dh.h"

#include <algorithm>

#include "common/check.h"
#include "common/crypto/dh_table.h"
#include "common/crypto/openssl.h"

namespace trunkline::crypto {
namespace {

constexpr std::size_t kSize = sizeof(DhNumber);

// The 2048-bit safe prime that the clients carry and compare literally; 3 generates its subgroup of
// prime order (p mod 3 = 2).
constexpr std::string_view kPrimeHex =
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f"
    "48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37"
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4"
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754"
    "fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f"
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b";

// 2^1984: what a public value must keep away from 0 and from p (2^(2048-64)).
const DhNumber& LowBound() {
  static const DhNumber bound = [] {
    DhNumber number{};
    number[kSize - 1984 / 8 - 1] = 1;
    return number;
  }();
  return bound;
}

// p - 2^1984: only bytes from that power up change, and p's are large enough not to borrow twice.
const DhNumber& HighBound() {
  static const DhNumber bound = [] {
    DhNumber number = DhPrime();
    std::size_t at = kSize - 1984 / 8 - 1;
    while (number[at]-- == 0) --at;
    return number;
  }();
  return bound;
}

}  // namespace

const DhNumber& DhPrime() {
  static const DhNumber prime = [] {
    DhNumber number;
    const Bytes bytes = FromHex(kPrimeHex);
    CHECK(bytes.size() == number.size());
    std::copy(bytes.begin(), bytes.end(), number.begin());
    return number;
  }();
  return prime;
}

// Public values: no need for constant time.
bool DhPublicInRange(ByteView value) {
  if (value.size() > kSize) return false;
  DhNumber number{};
  std::copy(value.begin(), value.end(), number.end() - static_cast<std::ptrdiff_t>(value.size()));
  return number >= LowBound() && number <= HighBound();
}

DhPair MakeDhPair(Entropy& entropy) {
  DhPair pair;
  do {
    entropy.Fill(pair.secret.mutable_view());
    DhTable::Instance().Power(pair.secret, pair.public_value);
  } while (!DhPublicInRange(pair.public_value));
  return pair;
}

AuthKey DhShared(ByteView other, const DhSecret& secret) {
  const BigContext context(BN_CTX_new());
  const BigNum base(BN_bin2bn(other.data(), static_cast<int>(other.size()), nullptr));
  const BigNum exponent(BN_bin2bn(secret.view().data(), sizeof(DhSecret), nullptr));
  const BigNum result(BN_new());
  CHECK(context && base && exponent && result);
  BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
  const DhField& field = DhField::Instance();
  CHECK(BN_mod_exp_mont_consttime(result.get(), base.get(), exponent.get(), field.prime(),
                                  context.get(), field.montgomery()) == 1);
  AuthKey key;
  CHECK(BN_bn2binpad(result.get(), key.mutable_view().data(), kSize) == kSize);
  return key;
}

}  // namespace trunkline::crypto
