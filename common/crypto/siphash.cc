#include "common/crypto/siphash.h"

#include <bit>
#include <cstring>

namespace trunkline::crypto {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void Absorb(std::uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
  std::uint64_t Squeeze() {
    for (int i = 0; i < 4; ++i) Round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

SipDigest SipHash128(std::span<const std::uint8_t, 16> key, ByteView message) {
  const auto k0 = LoadLittle<std::uint64_t>(key.data());
  const auto k1 = LoadLittle<std::uint64_t>(key.data() + 8);
  // 0xee tells the 128-bit variant from the 64-bit one.
  SipState state{k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du ^ 0xee,
                 k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
  std::size_t at = 0;
  for (; at + 8 <= message.size(); at += 8) {
    state.Absorb(LoadLittle<std::uint64_t>(message.data() + at));
  }
  std::uint64_t last = static_cast<std::uint64_t>(message.size()) << 56;
  for (unsigned shift = 0; at < message.size(); ++at, shift += 8) {
    last |= static_cast<std::uint64_t>(message[at]) << shift;
  }
  state.Absorb(last);

  SipDigest digest;
  state.v2 ^= 0xee;
  StoreLittle(digest.data(), state.Squeeze());
  state.v1 ^= 0xdd;
  StoreLittle(digest.data() + 8, state.Squeeze());
  return digest;
}

}  // namespace trunkline::crypto
