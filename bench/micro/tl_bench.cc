// TL reading and writing of what a call is made of. Every benchmark reports bytes per second and
// the heap allocations of one iteration; with a warm arena and a warm buffer there are none, and
// one is an error.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "bench/micro/allocations.h"
#include "bench/micro/tl_samples.h"

namespace {

using namespace tl;
using trunkline::bench::Allocations;
using trunkline::bench::kLayer;
using Samples = trunkline::bench::TlSamples;

void SetBytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(each));
}

void BM_ReadRequestCall(benchmark::State& state) {
  const Samples samples;
  std::vector<std::uint8_t> bytes;
  AppendTo(bytes, samples.request, kLayer);
  Arena arena;
  arena.Allocate(1);
  {
    const Allocations allocations(state);
    for (auto _ : state) {
      arena.Reset();
      Reader reader(bytes, &arena);
      api::AnyMethod method;
      if (!api::ReadMethod(reader, method) || !reader.AtEnd()) state.SkipWithError("not read");
      benchmark::DoNotOptimize(method);
    }
  }
  SetBytes(state, bytes.size());
}
BENCHMARK(BM_ReadRequestCall);

void BM_ReadUpdates(benchmark::State& state) {
  const Samples samples;
  std::vector<std::uint8_t> bytes;
  AppendTo(bytes, samples.updates, kLayer);
  Arena arena;
  arena.Allocate(1);
  {
    const Allocations allocations(state);
    for (auto _ : state) {
      arena.Reset();
      Reader reader(bytes, &arena);
      const auto updates = Read<api::AnyUpdates>(reader);
      if (!reader.ExpectEnd()) state.SkipWithError("not read");
      benchmark::DoNotOptimize(updates);
    }
  }
  SetBytes(state, bytes.size());
}
BENCHMARK(BM_ReadUpdates);

void BM_WriteUpdates(benchmark::State& state) {
  const Samples samples;
  const int layer = static_cast<int>(state.range(0));
  std::vector<std::uint8_t> bytes;
  AppendTo(bytes, samples.updates, layer);
  const std::size_t each = bytes.size();
  {
    const Allocations allocations(state);
    for (auto _ : state) {
      bytes.clear();
      AppendTo(bytes, samples.updates, layer);
      benchmark::DoNotOptimize(bytes.data());
      benchmark::ClobberMemory();
    }
  }
  SetBytes(state, each);
}
BENCHMARK(BM_WriteUpdates)->Arg(133)->Arg(198)->Arg(229);

void BM_SizeOfUpdates(benchmark::State& state) {
  const Samples samples;
  for (auto _ : state) {
    std::size_t size = SizeOf(samples.updates, kLayer);
    benchmark::DoNotOptimize(size);
  }
}
BENCHMARK(BM_SizeOfUpdates);

}  // namespace
