// Power cuts: what was acknowledged is there, whole groups or nothing, and the store goes on.
//   TRUNKLINE_CUTS=1000000   as many cuts instead of those of a usual run
//   TRUNKLINE_SEED=77        this life only
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <iostream>

#include "tests/server/store/power_life.h"

namespace trunkline::store {
namespace {

constexpr int kCutsPerLife = 12;
// A sanitizer looks at the same code, ten times as slowly.
#ifdef __SANITIZE_ADDRESS__
constexpr std::int64_t kCuts = 2'000;
#else
constexpr std::int64_t kCuts = 10'000;
#endif

std::int64_t FromEnvironment(const char* name, std::int64_t otherwise) {
  const char* text = ::getenv(name);
  return text == nullptr ? otherwise : std::max(std::atoll(text), 1LL);
}

// Lives one after another until there were enough cuts. Empty totals after a broken promise.
PowerLife::Totals Live(Durability durability, std::int64_t cuts_min) {
  PowerLife::Totals totals;
  const std::int64_t only = FromEnvironment("TRUNKLINE_SEED", 0);
  for (std::int64_t seed = only != 0 ? only : 1; totals.cuts < cuts_min; ++seed) {
    PowerLife life(static_cast<std::uint64_t>(seed), durability);
    const std::string complaint = life.Run(kCutsPerLife, totals);
    if (!complaint.empty()) {
      const auto* test = testing::UnitTest::GetInstance()->current_test_info();
      ADD_FAILURE() << "seed " << seed << ": " << complaint << "\nreplay: TRUNKLINE_SEED=" << seed
                    << " build/bin/server_store_test --gtest_filter=" << test->test_suite_name()
                    << "." << test->name();
      break;
    }
    if (only != 0) break;
  }
  return totals;
}

void Print(const PowerLife::Totals& t) {
  if (testing::Test::HasFailure()) return;
  std::cout << t.cuts << " power cuts, " << t.kills << " kills, " << t.restarts << " restarts; "
            << t.groups_fsync << " groups acknowledged with fsync, 0 lost; " << t.groups
            << " otherwise, " << t.acknowledged_lost << " lost; " << t.in_flight_kept
            << " in flight kept, " << t.in_flight_lost << " dropped; " << t.sectors_lost
            << " sectors lost, " << t.sectors_torn << " torn; " << t.ruined
            << " files ruined\ncut in:";
  for (const auto& [place, count] : t.cut_in) std::cout << " " << place << " " << count << ";";
  std::cout << "\n";
}

TEST(PowerTest, WithFsyncNothingAcknowledgedIsLost) {
  const PowerLife::Totals totals =
      Live(Durability::kFsync, FromEnvironment("TRUNKLINE_CUTS", kCuts));
  Print(totals);
  if (HasFailure() || ::getenv("TRUNKLINE_SEED") != nullptr) return;
  if (totals.cuts < 5'000) return;
  // The cuts came everywhere.
  for (const char* place : {"write wal", "flush wal", "write db", "flush db", "write journal",
                            "flush journal", "make wal", "delete journal"}) {
    EXPECT_TRUE(totals.cut_in.contains(place)) << place;
  }
  EXPECT_GT(totals.in_flight_kept, 0);
  EXPECT_GT(totals.in_flight_lost, 0);
  EXPECT_GT(totals.sectors_torn, 0);
}

TEST(PowerTest, WithOsTheLastGroupsMayBeLostNeverTheFile) {
  const PowerLife::Totals totals =
      Live(Durability::kOs, FromEnvironment("TRUNKLINE_CUTS", kCuts) / 10);
  Print(totals);
  if (HasFailure() || ::getenv("TRUNKLINE_SEED") != nullptr) return;
  EXPECT_GT(totals.acknowledged_lost, 0);
  EXPECT_EQ(totals.ruined, 0);
}

// The same lives find what a store loses that doesn't flush: else they would prove nothing above.
TEST(PowerTest, WithNoneTheyFindLosses) {
  const PowerLife::Totals totals =
      Live(Durability::kNone, FromEnvironment("TRUNKLINE_CUTS", kCuts) / 50);
  Print(totals);
  if (HasFailure() || ::getenv("TRUNKLINE_SEED") != nullptr) return;
  EXPECT_GT(totals.acknowledged_lost, 0);
  EXPECT_GT(totals.ruined, 0);
}

}  // namespace
}  // namespace trunkline::store
