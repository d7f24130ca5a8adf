// AES-256 by instructions of the processor, private to common/crypto. Callers have asked
// AesNiAvailable; on other architectures it is always false and the rest is never called.
#pragma once

#include <array>
#include <cstdint>

#include "common/bytes.h"

namespace trunkline::crypto {

bool AesNiAvailable();

// `iv` and sizes as in aes.h: previous ciphertext block first, then previous plaintext block.
void IgeEncryptNi(const std::uint8_t* key, const std::uint8_t* iv, ByteView in, ByteSpan out);
void IgeDecryptNi(const std::uint8_t* key, const std::uint8_t* iv, ByteView in, ByteSpan out);

// Writes `blocks` blocks of key stream of consecutive counters from (high, low), which are the
// halves of the 128-bit big-endian counter as numbers, XORed with `in`.
struct CtrCounter {
  std::uint64_t high;
  std::uint64_t low;
  void Advance(std::uint64_t blocks) {
    low += blocks;
    if (low < blocks) ++high;
  }
};
void CtrApplyNi(const std::uint8_t* key, CtrCounter counter, std::uint8_t* in_place,
                std::size_t blocks);

}  // namespace trunkline::crypto
