// TL reading and writing of what a call is made of. Every benchmark reports bytes per second and
// the heap allocations of one iteration; with a warm arena and a warm buffer there are none, and
// one is an error.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "tl/api_types.h"

namespace {
std::atomic<std::uint64_t> g_allocations{0};
}  // namespace

// Not inlined: the compiler would see malloc at one end and delete at the other.
[[gnu::noinline]] void* operator new(std::size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using namespace tl;

constexpr int kLayer = 198;

// Tells allocations per iteration; the loop must not have any.
class Allocations {
 public:
  explicit Allocations(benchmark::State& state) : state_(state), before_(g_allocations) {}
  ~Allocations() {
    const auto made = static_cast<double>(g_allocations - before_);
    state_.counters["allocations"] = benchmark::Counter(made, benchmark::Counter::kAvgIterations);
    if (made > 0) state_.SkipWithError("the heap was used");
  }

 private:
  benchmark::State& state_;
  std::uint64_t before_;
};

struct Samples {
  std::string g_a_hash = std::string(32, 'h');
  std::string g_b = std::string(256, 'g');
  std::array<std::string_view, 5> versions = {"2.4.4", "5.0.0", "7.0.0", "8.0.0", "9.0.0"};
  api::PhoneCallProtocol protocol = api::PhoneCallProtocol{.min_layer = 65, .max_layer = 92, .library_versions = versions}.set_udp_p2p().set_udp_reflector();
  api::InputUser callee{.user_id = 1234567, .access_hash = 0x0123456789abcdef};
  api::fn::phone::RequestCall request{
      .user_id = &callee, .random_id = 42, .g_a_hash = g_a_hash, .protocol = &protocol};

  api::UserStatusOnline online{.expires = 1700000000};
  api::User caller = api::User{.id = 1}.set_self().set_access_hash(2).set_first_name("Caller").set_phone("9996620001").set_status(&online);
  api::User other = api::User{.id = 3}.set_contact().set_access_hash(4).set_first_name("Callee").set_phone("9996620002").set_status(&online);
  api::PhoneCallAccepted accepted{.id = 5,
                                  .access_hash = 6,
                                  .date = 7,
                                  .admin_id = 1,
                                  .participant_id = 3,
                                  .g_b = g_b,
                                  .protocol = &protocol};
  api::UpdatePhoneCall update{.phone_call = &accepted};
  std::array<api::AnyUpdate, 1> update_list = {&update};
  std::array<api::AnyUser, 2> users = {&caller, &other};
  api::Updates updates{.updates = update_list, .users = users, .date = 1700000000};
};

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
