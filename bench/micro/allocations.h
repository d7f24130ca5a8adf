#pragma once
// Counts heap allocations of the whole program. Include it in one file of a benchmark only: it
// replaces the global operator new.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace trunkline::bench {

inline std::atomic<std::uint64_t> g_allocations{0};

// Tells allocations per iteration; a loop that must not have any fails when it has.
class Allocations {
 public:
  explicit Allocations(benchmark::State& state) : state_(state), before_(g_allocations) {}
  Allocations(const Allocations&) = delete;
  Allocations& operator=(const Allocations&) = delete;
  ~Allocations() {
    const auto made = static_cast<double>(g_allocations - before_);
    state_.counters["allocations"] = benchmark::Counter(made, benchmark::Counter::kAvgIterations);
    if (made > 0) state_.SkipWithError("the heap was used");
  }

 private:
  benchmark::State& state_;
  std::uint64_t before_;
};

}  // namespace trunkline::bench

// Not inlined: the compiler would see malloc at one end and delete at the other.
[[gnu::noinline]] void* operator new(std::size_t size) {
  trunkline::bench::g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
