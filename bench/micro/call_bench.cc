// One step of the call machine.
#include <benchmark/benchmark.h>

#include "server/call/machine.h"

namespace trunkline::call {
namespace {

void Lifetime(benchmark::State& state) {
  const Timeouts timeouts;
  const WallTime now = FromUnixSeconds(1'700'000'000);
  Event received{EventKind::kReceived, Role::kCalleeRinging};
  Event accept{EventKind::kAccept, Role::kCalleeRinging, DeviceId(2)};
  Event confirm{EventKind::kConfirm, Role::kCaller};
  Event discard{EventKind::kDiscard, Role::kCallee};
  for (auto _ : state) {
    Call call;
    for (const Event* event : {&received, &accept, &confirm, &discard}) {
      call = Advance(call, *event, now, timeouts).next;
    }
    benchmark::DoNotOptimize(call);
  }
  state.SetItemsProcessed(state.iterations() * 4);
}
BENCHMARK(Lifetime);

}  // namespace
}  // namespace trunkline::call
