// SHA-256 of many short messages at once, eight side by side where the processor has vectors for
// it (AVX2, AVX-512): five times as many per second as one after the other. FIPS 180-4.
#pragma once

#include <cstddef>
#include <span>

#include "common/bytes.h"
#include "common/crypto/sha.h"

namespace trunkline::crypto {

// The hash of `first` and `second` joined. Borrowed for the call.
struct Sha256Job {
  ByteView first, second;
  Sha256Digest* digest;
};

// In any order of lengths; lanes are full when neighbours need about as many blocks. No allocation.
void Sha256Many(std::span<const Sha256Job> jobs);

namespace internal {

// The ways there are, for tests and benchmarks; Sha256Many takes the last that is available.
enum class ShaLanes : std::uint8_t { kNone, kAvx2, kAvx512 };
bool Available(ShaLanes lanes);
void Sha256Many(ShaLanes lanes, std::span<const Sha256Job> jobs);

}  // namespace internal
}  // namespace trunkline::crypto
