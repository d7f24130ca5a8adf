#include "server/mtproto/pq.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace trunkline::mtproto {
namespace {

__extension__ using U128 = unsigned __int128;

std::uint64_t PowerMod(std::uint64_t base, std::uint32_t exponent, std::uint64_t n) {
  std::uint64_t power = 1;
  for (base %= n; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = power * base % n;
    base = base * base % n;
  }
  return power;
}

// Miller-Rabin for n - 1 = odd * 2^twos: true when `base` proves n composite.
bool Witness(std::uint32_t base, std::uint32_t n, std::uint32_t odd, int twos) {
  std::uint64_t x = PowerMod(base, odd, n);
  if (x == 1 || x == n - 1) return false;
  for (int i = 1; i < twos; ++i) {
    x = x * x % n;
    if (x == n - 1) return false;
  }
  return true;
}

// Multiplication modulo an odd n without division (Montgomery), R = 2^64.
class Field {
 public:
  explicit Field(std::uint64_t n) : n_(n), inverse_(n) {
    for (int i = 0; i < 5; ++i) inverse_ *= 2 - n * inverse_;  // n^-1 mod 2^64
  }
  std::uint64_t Multiply(std::uint64_t a, std::uint64_t b) const {
    const U128 product = static_cast<U128>(a) * b;
    const auto low = static_cast<std::uint64_t>(product) * inverse_;
    const auto high = static_cast<std::uint64_t>(product >> 64);
    const auto correction = static_cast<std::uint64_t>(static_cast<U128>(low) * n_ >> 64);
    return high >= correction ? high - correction : high + n_ - correction;
  }
  // x -> x^2 + c
  std::uint64_t Walk(std::uint64_t x, std::uint64_t c) const {
    const std::uint64_t square = Multiply(x, x);
    return square >= n_ - c ? square - (n_ - c) : square + c;
  }

 private:
  std::uint64_t n_;
  std::uint64_t inverse_;
};

// Pollard's rho with Brent's cycle search; differences are gathered and looked at in batches. Gives
// a proper factor or 0: a batch can hit both factors at once, then another c helps.
std::uint64_t FindFactor(const Field& field, std::uint64_t n, std::uint64_t c) {
  constexpr std::uint64_t kBatch = 64;
  constexpr std::uint64_t kStepsMax = 1u << 20;  // the expectation is about 2^15
  std::uint64_t fast = c;
  for (std::uint64_t stretch = 1; stretch < kStepsMax; stretch *= 2) {
    const std::uint64_t anchor = fast;
    for (std::uint64_t done = 0; done < stretch; done += kBatch) {
      std::uint64_t gathered = 1;
      for (std::uint64_t i = std::min(kBatch, stretch - done); i != 0; --i) {
        fast = field.Walk(fast, c);
        gathered = field.Multiply(gathered, fast > anchor ? fast - anchor : anchor - fast);
      }
      const std::uint64_t factor = std::gcd(gathered, n);
      if (factor == n || factor == 0) return 0;
      if (factor != 1) return factor;
    }
  }
  return 0;
}

}  // namespace

bool IsPrime(std::uint32_t n) {
  for (const std::uint32_t small : {2u, 3u, 5u, 7u, 11u, 13u, 17u, 19u, 23u}) {
    if (n % small == 0) return n == small;
  }
  if (n < 2) return false;
  const int twos = std::countr_zero(n - 1);
  // These bases leave no pseudoprime below 2^32 (Jaeschke).
  for (const std::uint32_t base : {2u, 7u, 61u}) {
    if (n % base != 0 && Witness(base, n, (n - 1) >> twos, twos)) return false;
  }
  return true;
}

PqPool::PqPool(Entropy& entropy) {
  for (std::size_t have = 0; have < primes_.size();) {
    const auto draw = static_cast<std::uint32_t>(entropy.U64());
    const std::uint32_t candidate = kPqPrimeMin | (draw & (kPqPrimeMin - 1)) | 1;
    const auto end = primes_.begin() + static_cast<std::ptrdiff_t>(have);
    if (!IsPrime(candidate) || std::find(primes_.begin(), end, candidate) != end) continue;
    primes_[have++] = candidate;
  }
}

Pq PqPool::Draw(Entropy& entropy) const {
  const std::uint64_t draw = entropy.U64();
  const std::size_t first = draw % kPrimes;
  // Any of the others.
  const std::size_t second = (first + 1 + (draw >> 32) % (kPrimes - 1)) % kPrimes;
  return {std::min(primes_[first], primes_[second]), std::max(primes_[first], primes_[second])};
}

std::optional<Pq> Factorise(std::uint64_t n, std::uint64_t seed) {
  constexpr std::uint64_t kAttempts = 32;
  // An even number would need no search, and a product above 2^63 is none of ours.
  if (n % 2 == 0 || n < 9 || n >> 63 != 0) return std::nullopt;
  const Field field(n);
  for (std::uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t factor = FindFactor(field, n, 1 + (seed + attempt) % (n - 2));
    if (factor == 0) continue;
    const std::uint64_t other = n / factor;
    if (std::max(factor, other) > 0xffffffffu) return std::nullopt;
    return Pq{static_cast<std::uint32_t>(std::min(factor, other)),
              static_cast<std::uint32_t>(std::max(factor, other))};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ReadBigEndian(std::string_view bytes) {
  while (!bytes.empty() && bytes.front() == 0) bytes.remove_prefix(1);
  if (bytes.size() > 8) return std::nullopt;
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

BigEndian::BigEndian(std::uint64_t number) {
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    bytes_[i] = static_cast<char>(number >> (56 - 8 * i));
  }
  first_ = static_cast<std::size_t>(std::countl_zero(number)) / 8;
}

}  // namespace trunkline::mtproto
