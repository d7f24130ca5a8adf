// One step of the call machine, beside the look-up that every step of the book begins with.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bench/micro/allocations.h"
#include "server/call/machine.h"

namespace trunkline::call {
namespace {

constexpr int kSteps = 4;
constexpr std::size_t kCalls = 100'000;

void Lifetime(benchmark::State& state) {
  const Timeouts timeouts;
  const WallTime now = FromUnixSeconds(1'700'000'000);
  Event received{EventKind::kReceived, Role::kCalleeRinging};
  Event accept{EventKind::kAccept, Role::kCalleeRinging, DeviceId(2)};
  Event confirm{EventKind::kConfirm, Role::kCaller};
  Event discard{EventKind::kDiscard, Role::kCallee};
  {
    const bench::Allocations none(state);
    for (auto _ : state) {
      Call call;
      for (const Event* event : {&received, &accept, &confirm, &discard}) {
        call = Advance(call, *event, now, timeouts).next;
      }
      benchmark::DoNotOptimize(call);
    }
  }
  state.SetItemsProcessed(state.iterations() * kSteps);
}
BENCHMARK(Lifetime);

// As many look-ups as a lifetime has steps: a call is looked up at random among all that are known.
void FourLookUps(benchmark::State& state) {
  std::mt19937_64 random(1);
  absl::flat_hash_map<CallId, std::uint64_t> calls;
  std::vector<CallId> asked;
  while (calls.size() < kCalls) {
    const CallId id(static_cast<std::int64_t>(random() >> 20));
    if (calls.emplace(id, random()).second) asked.push_back(id);
  }
  std::shuffle(asked.begin(), asked.end(), random);
  std::size_t at = 0;
  {
    const bench::Allocations none(state);
    for (auto _ : state) {
      for (int i = 0; i < kSteps; ++i) {
        benchmark::DoNotOptimize(calls.find(asked[at]));
        at = at + 1 == kCalls ? 0 : at + 1;
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * kSteps);
}
BENCHMARK(FourLookUps);

}  // namespace
}  // namespace trunkline::call
