// One step of the reflector per forwarded packet, and what its parts cost. Steady state must not
// use the heap.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "bench/micro/allocations.h"
#include "common/crypto/siphash.h"
#include "relay/packet.h"
#include "relay/reflector.h"

namespace trunkline::relay {
namespace {

constexpr std::size_t kPacket = 160;
const WallTime kWall = FromUnixSeconds(1'767'225'600);

Endpoint At(std::uint32_t call, Side side) {
  Endpoint at;
  at.ip = Ipv4(10, static_cast<std::uint8_t>(call >> 16), static_cast<std::uint8_t>(call >> 8),
               static_cast<std::uint8_t>(call));
  at.port = side == Side::kCaller ? 1 : 2;
  at.transport = Transport::kUdp;
  return at;
}

Tag TagOf(std::uint32_t call, Side side) {
  return MintTag(TagKey{}, {.side = side, .expiry_slot = TagSlotOf(kWall), .nonce = call});
}

// Calls whose packets come in random order, the two sides in turn.
class Calls {
 public:
  explicit Calls(std::uint32_t count) {
    KeyRing ring;
    ring.Set(0, TagKey{});
    verifier_ = std::make_unique<KeyRingVerifier>(ring);
    Limits limits;
    limits.sessions_max = count;
    limits.packets = limits.bytes = limits.new_sessions = {1e9f, 1e9f};
    limits.session_bytes = ~std::uint64_t{0} / 2;
    reflector_ = std::make_unique<Reflector>(limits, verifier_.get(), 1);
    for (std::uint32_t call = 0; call < count; ++call) {
      for (const Side side : {Side::kCaller, Side::kCallee}) {
        packets_.push_back({TagOf(call, side), At(call, side)});
      }
    }
    std::mt19937 random(1);
    std::shuffle(packets_.begin(), packets_.end(), random);
    for (int i = 0; i < 20; ++i, now_.micros += 200'000) {
      for (std::size_t n = 0; n < packets_.size(); ++n) Step();
    }
  }

  bool Step() {
    const auto& [tag, from] = packets_[next_];
    next_ = next_ + 1 == packets_.size() ? 0 : next_ + 1;
    std::copy(tag.begin(), tag.end(), buffer_.begin());
    return reflector_->Receive(buffer_, kPacket, from, now_).send();
  }

 private:
  std::unique_ptr<TagVerifier> verifier_;
  std::unique_ptr<Reflector> reflector_;
  std::vector<std::pair<Tag, Endpoint>> packets_;
  std::size_t next_ = 0;
  Bytes buffer_ = Bytes(kBufferBytes, 0x5a);
  Moment now_{1'000'000, kWall};
};

void Forward(benchmark::State& state) {
  Calls calls(static_cast<std::uint32_t>(state.range(0)));
  bool all = true;
  {
    const bench::Allocations none(state);
    for (auto _ : state) all &= calls.Step();
  }
  if (!all) state.SkipWithError("a packet was dropped");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Forward)->Arg(1)->Arg(100)->Arg(10'000)->Arg(100'000);

void DropForged(benchmark::State& state) {
  KeyRing ring;
  ring.Set(0, TagKey{});
  const KeyRingVerifier verifier(ring);
  Limits limits;
  limits.bad_tags = {1e9f, 1e9f};
  Reflector reflector(limits, &verifier, 1);
  Bytes buffer(kBufferBytes, 0xc5);
  const Moment now{1'000'000, kWall};
  const bench::Allocations none(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(reflector.Receive(buffer, kPacket, At(1, Side::kCaller), now));
  }
}
BENCHMARK(DropForged);

void SipHashOfATag(benchmark::State& state) {
  const TagKey key;
  Bytes tag(7, 1);
  for (auto _ : state) benchmark::DoNotOptimize(crypto::SipHash128(key.view(), tag));
}
BENCHMARK(SipHashOfATag);

}  // namespace
}  // namespace trunkline::relay
