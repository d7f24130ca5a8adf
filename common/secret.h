// Bytes that must not outlive their use: wiped on destruction, compared in constant time, never
// printed.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "common/bytes.h"

namespace trunkline {

// Not optimised away, unlike memset before a destructor.
inline void Wipe(void* memory, std::size_t size) {
  std::memset(memory, 0, size);
  __asm__ __volatile__("" : : "r"(memory) : "memory");
}

// Constant in time for equal sizes; sizes themselves aren't secret.
inline bool SecretEquals(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<std::uint8_t>(a[i] ^ b[i]);
  return difference == 0;
}

template <std::size_t N>
class SecretBytes {
 public:
  SecretBytes() : bytes_{} {}
  explicit SecretBytes(std::span<const std::uint8_t, N> from) {
    std::memcpy(bytes_.data(), from.data(), N);
  }
  SecretBytes(const SecretBytes&) = default;
  SecretBytes& operator=(const SecretBytes&) = default;
  ~SecretBytes() { Wipe(bytes_.data(), N); }

  std::span<const std::uint8_t, N> view() const { return bytes_; }
  std::span<std::uint8_t, N> mutable_view() { return bytes_; }
  friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
    return SecretEquals(a.bytes_, b.bytes_);
  }

 private:
  std::array<std::uint8_t, N> bytes_;
};

// Made by the key exchange; big-endian number, left padded with zeros to 256 bytes.
using AuthKey = SecretBytes<256>;

}  // namespace trunkline
