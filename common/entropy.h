// Randomness as an argument. Cores draw from an Entropy they are given; shells give SystemEntropy,
// tests and simulations a seeded one.
#pragma once

#include <array>
#include <cstdint>

#include "common/bytes.h"

namespace trunkline {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void Fill(ByteSpan out) = 0;

  std::uint64_t U64() {
    std::array<std::uint8_t, 8> bytes;
    Fill(bytes);
    return LoadLittle<std::uint64_t>(bytes.data());
  }
};

// The kernel's generator, one object per thread. A failure stops the process:
// nothing that this server does is safe without randomness.
class SystemEntropy final : public Entropy {
 public:
  void Fill(ByteSpan out) override;

 private:
  // Small draws (padding, nonces) share one larger request.
  std::array<std::uint8_t, 512> pool_{};
  std::size_t used_ = sizeof(pool_);
};

// Reproducible and worthless as a secret: for tests, simulations and fuzzing only.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : state_(seed) {}
  void Fill(ByteSpan out) override;

 private:
  std::uint64_t state_;
};

}  // namespace trunkline
