// Sealing and opening one message, with the allocations that each takes (0 expected, warm).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <new>

#include "server/mtproto/envelope.h"
#include "server/mtproto/transport.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// Not inlined: GCC would see free() meet operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace trunkline::mtproto {
namespace {

constexpr AuthKeyId kId{7};
constexpr crypto::Direction kDown = crypto::Direction::kToClient;

AuthKey SomeKey() {
  SeededEntropy entropy(1);
  AuthKey key;
  entropy.Fill(key.mutable_view());
  return key;
}

// Warm loops allocate nothing: anything else is a fault of the code, and fails the run.
void CheckAllocations(benchmark::State& state, std::size_t before) {
  const std::size_t made = allocations - before;
  state.counters["allocations"] = static_cast<double>(made);
  if (made != 0) state.SkipWithError("allocates in steady state");
}

void Seal(benchmark::State& state) {
  const AuthKey key = SomeKey();
  SystemEntropy entropy;
  const Bytes body(static_cast<std::size_t>(state.range(0)));
  Bytes out;
  out.reserve(4096);
  const std::size_t before = allocations;
  for (auto _ : state) {
    out.clear();
    SealMessage(kId, key, kDown, MessageHeader{}, body, entropy, out);
    benchmark::ClobberMemory();
  }
  CheckAllocations(state, before);
}
BENCHMARK(Seal)->Arg(128)->Arg(256)->Arg(512);

// Eight packets at once; the time is one packet's.
void SealEight(benchmark::State& state) {
  const AuthKey key = SomeKey();
  SystemEntropy entropy;
  const Bytes body(static_cast<std::size_t>(state.range(0)));
  std::array<Bytes, 8> packets;
  std::array<PaddedEnvelope, 8> padded;
  for (Bytes& packet : packets) packet.reserve(4096);
  const std::size_t before = allocations;
  while (state.KeepRunningBatch(std::ssize(packets))) {
    for (std::size_t i = 0; i < packets.size(); ++i) {
      packets[i].clear();
      const std::size_t start = StartEnvelope(packets[i]);
      packets[i].insert(packets[i].end(), body.begin(), body.end());
      PadEnvelope(kId, MessageHeader{}, start, entropy, packets[i]);
      padded[i] = {&key, packets[i]};
    }
    SealEnvelopes(padded, kDown);
    benchmark::ClobberMemory();
  }
  CheckAllocations(state, before);
}
BENCHMARK(SealEight)->Arg(128)->Arg(256)->Arg(512);

void Open(benchmark::State& state) {
  const AuthKey key = SomeKey();
  SystemEntropy entropy;
  Bytes sealed;
  SealMessage(kId, key, kDown, MessageHeader{}, Bytes(static_cast<std::size_t>(state.range(0))),
              entropy, sealed);
  Bytes packet = sealed;
  const std::size_t before = allocations;
  for (auto _ : state) {
    std::copy(sealed.begin(), sealed.end(), packet.begin());
    if (!OpenMessage(key, kDown, packet)) state.SkipWithError("refused");
  }
  CheckAllocations(state, before);
}
BENCHMARK(Open)->Arg(128)->Arg(256)->Arg(512);

// A packet of 200 bytes through the server's transport, obfuscated as most clients do it.
void FrameOut(benchmark::State& state) {
  SystemEntropy entropy;
  Bytes start;
  Obfuscation::Start(TransportKind::kAbridged, 2, entropy, start);
  Transport transport;
  transport.Receive(start);
  Packet packet;
  transport.Poll(packet);
  const Bytes payload(200);
  Bytes out;
  out.reserve(4096);
  const std::size_t before = allocations;
  for (auto _ : state) {
    out.clear();
    transport.AppendPacket(payload, entropy, out);
    benchmark::ClobberMemory();
  }
  CheckAllocations(state, before);
}
BENCHMARK(FrameOut);

}  // namespace
}  // namespace trunkline::mtproto
