// Primitives of common/crypto. Counters: bytes/s where bytes are the cost.
#include <benchmark/benchmark.h>

#include "common/crypto/aes.h"
#include "common/crypto/dh.h"
#include "common/crypto/rsa.h"
#include "common/crypto/sha.h"
#include "common/crypto/sha_lanes.h"
#include "common/entropy.h"

namespace trunkline::crypto {
namespace {

void SetBytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

using IgeFunction = void (*)(const IgeKey&, ByteView, ByteSpan);

void Ige(benchmark::State& state, IgeFunction function) {
  SeededEntropy entropy(1);
  IgeKey key;
  entropy.Fill(key.key);
  entropy.Fill(key.iv);
  Bytes buffer(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    function(key, buffer, buffer);
    benchmark::ClobberMemory();
  }
  SetBytes(state);
}
BENCHMARK_CAPTURE(Ige, encrypt, IgeEncrypt)->Arg(128)->Arg(512)->Arg(65536);
BENCHMARK_CAPTURE(Ige, decrypt, IgeDecrypt)->Arg(128)->Arg(512)->Arg(65536);
BENCHMARK_CAPTURE(Ige, encrypt_portable, IgeEncryptPortable)->Arg(512);
BENCHMARK_CAPTURE(Ige, decrypt_portable, IgeDecryptPortable)->Arg(512);

void Ctr(benchmark::State& state) {
  AesCtr stream(std::array<std::uint8_t, 32>{1}, std::array<std::uint8_t, 16>{2});
  Bytes buffer(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    stream.Apply(buffer);
    benchmark::ClobberMemory();
  }
  SetBytes(state);
}
BENCHMARK(Ctr)->Arg(105)->Arg(512)->Arg(65536);

void HashSha256(benchmark::State& state) {
  const Bytes buffer(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Sha256(buffer));
  SetBytes(state);
}
BENCHMARK(HashSha256)->Arg(52)->Arg(512);

// Eight of that size at once.
void HashEight(benchmark::State& state, internal::ShaLanes lanes) {
  if (!internal::Available(lanes)) return state.SkipWithError("not on this processor");
  const Bytes buffer(static_cast<std::size_t>(state.range(0)));
  Sha256Digest digests[8];
  std::vector<Sha256Job> jobs;
  for (Sha256Digest& digest : digests) jobs.push_back({buffer, {}, &digest});
  for (auto _ : state) {
    internal::Sha256Many(lanes, jobs);
    benchmark::DoNotOptimize(digests);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 8);
}
BENCHMARK_CAPTURE(HashEight, one_by_one, internal::ShaLanes::kNone)->Arg(52)->Arg(512);
BENCHMARK_CAPTURE(HashEight, avx2, internal::ShaLanes::kAvx2)->Arg(52)->Arg(512);
BENCHMARK_CAPTURE(HashEight, avx512, internal::ShaLanes::kAvx512)->Arg(52)->Arg(512);

void Hmac(benchmark::State& state) {
  const Bytes key(32), message(16);
  for (auto _ : state) benchmark::DoNotOptimize(HmacSha256(key, message));
}
BENCHMARK(Hmac);

void DhPairFromTable(benchmark::State& state) {
  SeededEntropy entropy(2);
  MakeDhPair(entropy);  // makes the table
  for (auto _ : state) benchmark::DoNotOptimize(MakeDhPair(entropy));
}
BENCHMARK(DhPairFromTable);

void DhSharedKey(benchmark::State& state) {
  SeededEntropy entropy(3);
  const DhPair pair = MakeDhPair(entropy);
  const DhPair other = MakeDhPair(entropy);
  for (auto _ : state) benchmark::DoNotOptimize(DhShared(other.public_value, pair.secret));
}
BENCHMARK(DhSharedKey);

void RsaPrivate(benchmark::State& state) {
  const RsaPrivateKey key = RsaPrivateKey::Generate().value();
  RsaBlock cipher{}, plain;
  cipher[255] = 5;
  for (auto _ : state) {
    if (!key.Decrypt(cipher, plain)) state.SkipWithError("refused");
    cipher = plain;
  }
}
BENCHMARK(RsaPrivate);

}  // namespace
}  // namespace trunkline::crypto
