// One pick among a hundred relays, and what is learned from one call.
#include <benchmark/benchmark.h>

#include <memory>

#include "bench/micro/allocations.h"
#include "bench/picker/fleet_of_100.h"

namespace trunkline::bench {
namespace {

void Pick(benchmark::State& state) {
  const auto fleet = std::make_unique<FleetOf100>();
  {
    const Allocations none(state);
    for (auto _ : state) benchmark::DoNotOptimize(fleet->PickOne());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Pick);

void Feedback(benchmark::State& state) {
  const auto fleet = std::make_unique<FleetOf100>();
  {
    const Allocations none(state);
    for (auto _ : state) fleet->LearnOne();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Feedback);

}  // namespace
}  // namespace trunkline::bench
