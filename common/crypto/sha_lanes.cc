#include "common/crypto/sha_lanes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>

#include "common/check.h"
#include "common/secret.h"

namespace trunkline::crypto {
namespace {

constexpr std::size_t kShaBlock = 64;
constexpr std::size_t kShaLanes = 8;
// The bit 1 and the length in bits that end a message.
constexpr std::size_t kEndBytesMin = 9;

// FIPS 180-4, sections 4.2.2 and 5.3.3.
constexpr std::array<std::uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
constexpr std::array<std::uint32_t, 8> kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

std::size_t BlocksOf(const Sha256Job& job) {
  return (job.first.size() + job.second.size() + kEndBytesMin + kShaBlock - 1) / kShaBlock;
}

// The part of `piece`, which begins at `at` of the message, that lies in the block.
void CopyPart(ByteView piece, std::size_t at, std::size_t block, std::uint8_t* to) {
  const std::size_t from = std::max(at, block),
                    end = std::min(at + piece.size(), block + kShaBlock);
  if (from < end) std::memcpy(to + (from - block), piece.data() + (from - at), end - from);
}

void PutBlock(const Sha256Job& job, std::size_t index, std::uint8_t* to) {
  const std::size_t size = job.first.size() + job.second.size(), block = index * kShaBlock;
  std::memset(to, 0, kShaBlock);
  CopyPart(job.first, 0, block, to);
  CopyPart(job.second, job.first.size(), block, to);
  if (size >= block && size < block + kShaBlock) to[size - block] = 0x80;
  if (index + 1 < BlocksOf(job)) return;
  const std::uint64_t bits = std::uint64_t{size} * 8;
  for (unsigned i = 0; i < 8; ++i)
    to[kShaBlock - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
}

void OneByOne(std::span<const Sha256Job> jobs) {
  for (const Sha256Job& job : jobs) *job.digest = Sha256({job.first, job.second});
}

}  // namespace

#if defined(__x86_64__)

namespace {

using Words = std::uint32_t __attribute__((vector_size(32)));  // of the same place, lane by lane
static_assert(sizeof(Words) == kShaLanes * sizeof(std::uint32_t));

struct Lanes {
  Words state[8];
  Words schedule[64];
  std::array<std::array<std::uint8_t, kShaBlock>, kShaLanes> blocks;
  ~Lanes() { Wipe(this, sizeof *this); }  // the messages are secret
};

// Everything below is compiled once a target, whose instructions its caller names.
#define TRUNKLINE_LANE_CODE [[gnu::always_inline]] inline

TRUNKLINE_LANE_CODE void Rotated(const Words& x, unsigned a, unsigned b, unsigned c, Words& out) {
  out = ((x >> a) | (x << (32 - a))) ^ ((x >> b) | (x << (32 - b))) ^ ((x >> c) | (x << (32 - c)));
}
TRUNKLINE_LANE_CODE void Shifted(const Words& x, unsigned a, unsigned b, unsigned c, Words& out) {
  out = ((x >> a) | (x << (32 - a))) ^ ((x >> b) | (x << (32 - b))) ^ (x >> c);
}

// FIPS 180-4, section 6.2.2, step 1.
TRUNKLINE_LANE_CODE void Schedule(Lanes& lanes) {
  for (std::size_t t = 0; t < 16; ++t) {
    for (std::size_t lane = 0; lane < kShaLanes; ++lane) {
      std::uint32_t word;
      std::memcpy(&word, lanes.blocks[lane].data() + 4 * t, sizeof word);
      lanes.schedule[t][lane] = __builtin_bswap32(word);
    }
  }
  Words* const w = lanes.schedule;
  for (std::size_t t = 16; t < 64; ++t) {
    Words s0, s1;
    Shifted(w[t - 15], 7, 18, 3, s0);
    Shifted(w[t - 2], 17, 19, 10, s1);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
}

// Steps 2 to 4.
TRUNKLINE_LANE_CODE void Compress(Lanes& lanes) {
  Schedule(lanes);
  Words a = lanes.state[0], b = lanes.state[1], c = lanes.state[2], d = lanes.state[3];
  Words e = lanes.state[4], f = lanes.state[5], g = lanes.state[6], h = lanes.state[7];
#pragma GCC unroll 8
  for (std::size_t t = 0; t < 64; ++t) {
    Words s0, s1;
    Rotated(e, 6, 11, 25, s1);
    Rotated(a, 2, 13, 22, s0);
    const Words t1 = h + s1 + ((e & f) ^ (~e & g)) + kRound[t] + lanes.schedule[t];
    const Words t2 = s0 + ((a & b) | (c & (a | b)));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const Words now[8] = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) lanes.state[i] += now[i];
}

void TakeDigest(const Lanes& lanes, std::size_t lane, Sha256Digest& digest) {
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint32_t word = __builtin_bswap32(lanes.state[i][lane]);
    std::memcpy(digest.data() + 4 * i, &word, sizeof word);
  }
}

// Up to kShaLanes jobs; a lane that is through computes on, and nobody looks.
TRUNKLINE_LANE_CODE void Together(std::span<const Sha256Job> jobs) {
  Lanes lanes;
  for (std::size_t i = 0; i < 8; ++i) lanes.state[i] = Words{} + kInitial[i];
  std::size_t blocks = 0;
  for (const Sha256Job& job : jobs) blocks = std::max(blocks, BlocksOf(job));
  for (auto& block : lanes.blocks) block.fill(0);
  for (std::size_t index = 0; index < blocks; ++index) {
    for (std::size_t lane = 0; lane < jobs.size(); ++lane) {
      if (index < BlocksOf(jobs[lane])) PutBlock(jobs[lane], index, lanes.blocks[lane].data());
    }
    Compress(lanes);
    for (std::size_t lane = 0; lane < jobs.size(); ++lane) {
      if (index + 1 == BlocksOf(jobs[lane])) TakeDigest(lanes, lane, *jobs[lane].digest);
    }
  }
}

__attribute__((target("avx2"))) void TogetherAvx2(std::span<const Sha256Job> jobs) {
  Together(jobs);
}
__attribute__((target("avx512f,avx512vl"))) void TogetherAvx512(std::span<const Sha256Job> jobs) {
  Together(jobs);
}

}  // namespace

bool internal::Available(ShaLanes lanes) {
  switch (lanes) {
    case ShaLanes::kNone:
      return true;
    case ShaLanes::kAvx2:
      return __builtin_cpu_supports("avx2") != 0;
    case ShaLanes::kAvx512:
      return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  }
  return false;
}

void internal::Sha256Many(ShaLanes lanes, std::span<const Sha256Job> jobs) {
  // Below that, full lanes or not cost more than one after the other.
  constexpr std::size_t kWorth = 3;
  CHECK(Available(lanes));
  while (lanes != ShaLanes::kNone && jobs.size() >= kWorth) {
    const auto some = jobs.first(std::min(jobs.size(), kShaLanes));
    lanes == ShaLanes::kAvx512 ? TogetherAvx512(some) : TogetherAvx2(some);
    jobs = jobs.subspan(some.size());
  }
  OneByOne(jobs);
}

#else

bool internal::Available(ShaLanes lanes) {
  return lanes == ShaLanes::kNone;
}
void internal::Sha256Many(ShaLanes lanes, std::span<const Sha256Job> jobs) {
  CHECK(Available(lanes));
  OneByOne(jobs);
}

#endif

void Sha256Many(std::span<const Sha256Job> jobs) {
  using internal::ShaLanes;
  static const ShaLanes best = internal::Available(ShaLanes::kAvx512) ? ShaLanes::kAvx512
                               : internal::Available(ShaLanes::kAvx2) ? ShaLanes::kAvx2
                                                                      : ShaLanes::kNone;
  internal::Sha256Many(best, jobs);
}

}  // namespace trunkline::crypto
