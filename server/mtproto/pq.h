// The small factorisation that a client solves in the key exchange: pq = p * q, two distinct primes
// between 2^28 and 2^29. So pq has exactly 8 bytes and stays below 2^63, which some clients take
// for granted, and is found quickly by clients in slow languages.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/entropy.h"

namespace trunkline::mtproto {

struct Pq {
  std::uint32_t p = 0;  // p < q
  std::uint32_t q = 0;
  std::uint64_t product() const { return std::uint64_t{p} * q; }
};

inline constexpr std::uint32_t kPqPrimeMin = 1u << 28;
inline constexpr std::uint32_t kPqPrimeMax = 1u << 29;

// Deterministic Miller-Rabin, right for all 32-bit numbers.
bool IsPrime(std::uint32_t n);

// Pairs from a set of distinct primes that is drawn once: about two thousand pairs.
class PqPool {
 public:
  explicit PqPool(Entropy& entropy);
  Pq Draw(Entropy& entropy) const;

 private:
  static constexpr std::size_t kPrimes = 64;
  std::array<std::uint32_t, kPrimes> primes_;
};

// The client's work: p < q with p * q = n, for an n that is the product of two distinct odd primes
// below 2^32. nullopt for anything else that the search notices. `seed` varies the search.
std::optional<Pq> Factorise(std::uint64_t n, std::uint64_t seed);

// Big-endian numbers in TL strings: the number, leading zeros allowed; nullopt above 64 bits.
std::optional<std::uint64_t> ReadBigEndian(std::string_view bytes);
// Shortest form of a number that isn't 0.
class BigEndian {
 public:
  explicit BigEndian(std::uint64_t number);
  std::string_view view() const { return {bytes_.data() + first_, bytes_.size() - first_}; }

 private:
  std::array<char, 8> bytes_;
  std::size_t first_ = 0;
};

}  // namespace trunkline::mtproto
