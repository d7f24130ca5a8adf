// Whole worlds from one seed each. A failure names the seed and the command that replays it.
//   TRUNKLINE_SIM_SEEDS=10000 build/bin/sim_test     more worlds than the default
//   TRUNKLINE_SIM_SEED=7 build/bin/sim_test          one world, twice, with its figures

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sim/world.h"

namespace trunkline::sim {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 100;  // ten times as slow
#else
constexpr std::uint64_t kSeeds = 1000;
#endif
constexpr std::uint64_t kTwiceEach = 20;  // every so many worlds one is run twice
constexpr std::uint64_t kWorldsPerLine = 5000;
constexpr int kFailuresMax = 5;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string Replay(std::uint64_t seed) {
  const char* commit = std::getenv("TRUNKLINE_COMMIT");
  return "seed " + std::to_string(seed) + (commit == nullptr ? "" : ", commit ") +
         (commit == nullptr ? "" : commit) +
         "; replay: TRUNKLINE_SIM_SEED=" + std::to_string(seed) + " build/bin/sim_test";
}

void Print(const char* what, const Outcome& sum) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("%s: %zu call lives, %zu of them talked, %llu signals, %zu crashes, %llu packets\n",
              what, sum.calls, sum.confirmed, number(sum.signals), sum.crashes,
              number(sum.packets));
  std::printf("  %llu ends owed over a crash, %llu rings in differences\n", number(sum.owed),
              number(sum.rings));
}

TEST(SimTest, EveryWorldKeepsTheRules) {
  const std::uint64_t only = FromEnvironment("TRUNKLINE_SIM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : FromEnvironment("TRUNKLINE_SIM_FIRST", 1);
  const std::uint64_t count = only != 0 ? 1 : FromEnvironment("TRUNKLINE_SIM_SEEDS", kSeeds);
  Outcome sum;
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + count && failures < kFailuresMax; ++seed) {
    const Outcome outcome = World(seed).Run();
    EXPECT_EQ(outcome.broken, "") << Replay(seed);
    failures += outcome.broken.empty() ? 0 : 1;
    if (seed % kWorldsPerLine == 0) Print(("up to seed " + std::to_string(seed)).c_str(), sum);
    if (seed % kTwiceEach == 0 || only != 0) {
      EXPECT_EQ(outcome.trace, World(seed).Run().trace) << Replay(seed);
    }
    sum.calls += outcome.calls;
    sum.confirmed += outcome.confirmed;
    sum.signals += outcome.signals;
    sum.crashes += outcome.crashes;
    sum.packets += outcome.packets;
    sum.owed += outcome.owed;
    sum.rings += outcome.rings;
  }
  Print(std::to_string(count).append(" worlds").c_str(), sum);
  if (count < 100) return;
  EXPECT_GT(sum.calls, count);
  EXPECT_GT(sum.confirmed, 0u);
  EXPECT_GT(sum.signals, 0u);
  EXPECT_GT(sum.crashes, 0u);
  EXPECT_GT(sum.owed, 0u);
  EXPECT_GT(sum.rings, 0u);
}

}  // namespace
}  // namespace trunkline::sim
