#include "common/crypto/aes_ni.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "common/secret.h"

#define TRUNKLINE_AES __attribute__((target("aes,sse2")))

namespace trunkline::crypto {
namespace {

constexpr int kRounds = 14;

struct RoundKeys {
  __m128i key[kRounds + 1];
  ~RoundKeys() { Wipe(key, sizeof key); }
};

TRUNKLINE_AES inline __m128i Load(const std::uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
TRUNKLINE_AES inline void Store(std::uint8_t* to, __m128i value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
}

// Each word of the result is the XOR of the words up to it, and of `mixed`: the recurrence of
// FIPS 197, section 5.2, four words at a time.
TRUNKLINE_AES inline __m128i Spread(__m128i words, __m128i mixed) {
  words = _mm_xor_si128(words, _mm_slli_si128(words, 4));
  words = _mm_xor_si128(words, _mm_slli_si128(words, 8));
  return _mm_xor_si128(words, mixed);
}

// Round keys 2n and 2n + 1 from the two before them.
template <int RoundConstant>
TRUNKLINE_AES inline void ExpandPair(__m128i* keys) {
  const __m128i even = _mm_aeskeygenassist_si128(keys[-1], RoundConstant);
  keys[0] = Spread(keys[-2], _mm_shuffle_epi32(even, 0xff));
  const __m128i odd = _mm_aeskeygenassist_si128(keys[0], 0);
  keys[1] = Spread(keys[-1], _mm_shuffle_epi32(odd, 0xaa));
}

TRUNKLINE_AES inline void ExpandForEncryption(const std::uint8_t* key, RoundKeys& keys) {
  keys.key[0] = Load(key);
  keys.key[1] = Load(key + 16);
  ExpandPair<0x01>(keys.key + 2);
  ExpandPair<0x02>(keys.key + 4);
  ExpandPair<0x04>(keys.key + 6);
  ExpandPair<0x08>(keys.key + 8);
  ExpandPair<0x10>(keys.key + 10);
  ExpandPair<0x20>(keys.key + 12);
  const __m128i last = _mm_aeskeygenassist_si128(keys.key[13], 0x40);
  keys.key[14] = Spread(keys.key[12], _mm_shuffle_epi32(last, 0xff));
}

TRUNKLINE_AES inline void ExpandForDecryption(const std::uint8_t* key, RoundKeys& keys) {
  RoundKeys forward;
  ExpandForEncryption(key, forward);
  keys.key[0] = forward.key[kRounds];
  for (int i = 1; i < kRounds; ++i) keys.key[i] = _mm_aesimc_si128(forward.key[kRounds - i]);
  keys.key[kRounds] = forward.key[0];
}

constexpr std::size_t kCtrLanes = 8;  // as many as hide the latency of one instruction

// The counter block: the 128-bit number in big-endian order.
TRUNKLINE_AES inline __m128i CounterBlock(CtrCounter counter) {
  return _mm_set_epi64x(static_cast<long long>(__builtin_bswap64(counter.low)),
                        static_cast<long long>(__builtin_bswap64(counter.high)));
}

}  // namespace

bool AesNiAvailable() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("aes") != 0;
}

// One block waits for the one before it. What doesn't depend on that (the XOR with the first round
// key; the last round key with the previous plaintext) is kept off the chain.
TRUNKLINE_AES void IgeEncryptNi(const std::uint8_t* key, const std::uint8_t* iv, ByteView in,
                                ByteSpan out) {
  RoundKeys keys;
  ExpandForEncryption(key, keys);
  __m128i cipher = Load(iv);
  __m128i plain = Load(iv + 16);
  for (std::size_t at = 0; at < in.size(); at += 16) {
    const __m128i block = Load(in.data() + at);
    __m128i state = _mm_xor_si128(cipher, _mm_xor_si128(block, keys.key[0]));
    for (int round = 1; round < kRounds; ++round) {
      state = _mm_aesenc_si128(state, keys.key[round]);
    }
    cipher = _mm_aesenclast_si128(state, _mm_xor_si128(keys.key[kRounds], plain));
    plain = block;
    Store(out.data() + at, cipher);
  }
}

TRUNKLINE_AES void IgeDecryptNi(const std::uint8_t* key, const std::uint8_t* iv, ByteView in,
                                ByteSpan out) {
  RoundKeys keys;
  ExpandForDecryption(key, keys);
  __m128i cipher = Load(iv);
  __m128i plain = Load(iv + 16);
  for (std::size_t at = 0; at < in.size(); at += 16) {
    const __m128i block = Load(in.data() + at);
    __m128i state = _mm_xor_si128(plain, _mm_xor_si128(block, keys.key[0]));
    for (int round = 1; round < kRounds; ++round) {
      state = _mm_aesdec_si128(state, keys.key[round]);
    }
    plain = _mm_aesdeclast_si128(state, _mm_xor_si128(keys.key[kRounds], cipher));
    cipher = block;
    Store(out.data() + at, plain);
  }
}

TRUNKLINE_AES void CtrApplyNi(const std::uint8_t* key, CtrCounter counter, std::uint8_t* in_place,
                              std::size_t blocks) {
  RoundKeys keys;
  ExpandForEncryption(key, keys);
  while (blocks != 0) {
    const std::size_t lanes = blocks < kCtrLanes ? blocks : kCtrLanes;
    __m128i state[kCtrLanes];
    for (std::size_t lane = 0; lane < kCtrLanes; ++lane) {
      state[lane] = _mm_xor_si128(CounterBlock(counter), keys.key[0]);
      counter.Advance(1);
    }
    for (int round = 1; round < kRounds; ++round) {
      for (std::size_t lane = 0; lane < kCtrLanes; ++lane) {
        state[lane] = _mm_aesenc_si128(state[lane], keys.key[round]);
      }
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const __m128i stream = _mm_aesenclast_si128(state[lane], keys.key[kRounds]);
      Store(in_place + 16 * lane, _mm_xor_si128(stream, Load(in_place + 16 * lane)));
    }
    in_place += 16 * lanes;
    blocks -= lanes;
  }
}

}  // namespace trunkline::crypto

#else

#include "common/check.h"

namespace trunkline::crypto {

bool AesNiAvailable() {
  return false;
}
void IgeEncryptNi(const std::uint8_t*, const std::uint8_t*, ByteView, ByteSpan) {
  CHECK(false);
}
void IgeDecryptNi(const std::uint8_t*, const std::uint8_t*, ByteView, ByteSpan) {
  CHECK(false);
}
void CtrApplyNi(const std::uint8_t*, CtrCounter, std::uint8_t*, std::size_t) {
  CHECK(false);
}

}  // namespace trunkline::crypto

#endif
