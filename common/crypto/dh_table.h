// Powers of the one generator, 3, by a table. Private to common/crypto.
//
// The exponent is cut into 64 windows of 4 bits; table[w][d] = 3^(d * 16^w) in Montgomery form, so
// a power is 63 multiplications and no squaring. Which entry is taken is secret: every entry of a
// window is read, and masks keep one. 256 KiB, made once per process in about a millisecond.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "common/crypto/dh.h"
#include "common/crypto/openssl.h"

namespace trunkline::crypto {

// The prime, ready for Montgomery multiplication. Immutable, shared by all threads.
class DhField {
 public:
  static const DhField& Instance();
  const BIGNUM* prime() const { return prime_.get(); }
  // OpenSSL takes it without const, but only reads it.
  BN_MONT_CTX* montgomery() const { return montgomery_.get(); }

 private:
  DhField();
  BigNum prime_;
  Montgomery montgomery_;
};

class DhTable {
 public:
  static const DhTable& Instance();
  // 3^secret mod p.
  void Power(const DhSecret& secret, DhNumber& result) const;

 private:
  static constexpr int kWindowBits = 4;
  static constexpr std::size_t kWindows = 256 / kWindowBits;
  static constexpr std::size_t kEntries = 1u << kWindowBits;
  static constexpr std::size_t kWords = 256 / sizeof(std::uint64_t);
  using Entry = std::array<std::uint64_t, kWords>;  // little-endian number in Montgomery form
  using Window = std::array<Entry, kEntries>;

  DhTable();
  // Entry `digit` of the window, without a secret address or branch.
  static void Select(const Window& window, std::uint64_t digit, Entry& entry);

  std::unique_ptr<std::array<Window, kWindows>> windows_;
};

}  // namespace trunkline::crypto
