// AES-256 in the two modes MTProto uses: IGE for messages (infinite garble extension, ours over
// AES-NI with a portable fallback), CTR for the obfuscated transport.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/bytes.h"

namespace trunkline::crypto {

inline constexpr std::size_t kAesBlockBytes = 16;

struct IgeKey {
  std::array<std::uint8_t, 32> key;
  std::array<std::uint8_t, 32>
      iv;     // first half: previous ciphertext block, second half: previous plaintext block
  ~IgeKey();  // wiped
};

// In place or from `in` to `out` of the same size; sizes are multiples of 16 (CHECKed: the caller's
// duty).
void IgeEncrypt(const IgeKey& key, ByteView in, ByteSpan out);
void IgeDecrypt(const IgeKey& key, ByteView in, ByteSpan out);

// The two implementations, for tests and benchmarks. The functions above choose once, at start-up.
bool IgeHardwareAvailable();
void IgeEncryptPortable(const IgeKey& key, ByteView in, ByteSpan out);
void IgeDecryptPortable(const IgeKey& key, ByteView in, ByteSpan out);

// One continuous key stream, 128-bit big-endian counter. Holds the bare key instead of its
// schedule: expanding it anew costs less than 100 ns a call, and an idle link keeps two of these.
class AesCtr {
 public:
  AesCtr(std::span<const std::uint8_t, 32> key, std::span<const std::uint8_t, 16> iv);
  AesCtr(const AesCtr&) = default;
  AesCtr& operator=(const AesCtr&) = default;
  ~AesCtr();  // wiped
  // Any split of a stream into calls gives the same bytes.
  void Apply(ByteSpan in_place);

 private:
  void ApplyBlocks(ByteSpan in_place);

  std::array<std::uint8_t, 32> key_;
  std::array<std::uint8_t, 16> counter_;   // of the next block
  std::array<std::uint8_t, 16> stream_{};  // the block in use; its last left_ bytes are unused yet
  std::uint8_t left_ = 0;
};

}  // namespace trunkline::crypto
