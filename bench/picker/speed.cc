#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>

#include "bench/picker/fleet_of_100.h"
#include "bench/picker/simulation.h"

namespace trunkline::bench {
namespace {

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

Speed MeasureSpeed() {
  constexpr std::size_t kPicks = 200'000;
  const auto fleet = std::make_unique<FleetOf100>();
  const double begin = CpuSeconds();
  std::size_t entries = 0;
  for (std::size_t i = 0; i < kPicks; ++i) entries += fleet->PickOne();
  CHECK(entries >= kPicks);
  Speed speed{.picks_per_second = kPicks / (CpuSeconds() - begin)};
  std::vector<double> each;
  for (std::size_t i = 0; i < kPicks; ++i) {
    const auto from = std::chrono::steady_clock::now();
    fleet->PickOne();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - from;
    each.push_back(took.count());
  }
  std::ranges::sort(each);
  speed.p99_us = each[kPicks * 99 / 100];
  return speed;
}

}  // namespace trunkline::bench
